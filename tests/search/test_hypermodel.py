"""A HyperModel of the user's own is searched like a network of the catalogue."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from keras_dl import UsageError, saved_model
from keras_dl.data import load
from keras_dl.describe import describe
from keras_dl.search import Settings, budget, hypermodel, kept, space, worker
from keras_dl.training.objective import compile_model

SPEC = load("digits").spec
SETTINGS = Settings(tune_regularization=True)


def network(name, **values):
    return hypermodel.network(f"hypermodels:{name}").for_data(SPEC).replace(values=tuple(values.items()))


def names(config, settings=SETTINGS):
    return list(dict.fromkeys(p.name for p in space.hyperparameters(config, settings).space))


def test_scopes_and_branches_are_found():
    found = space.hyperparameters(network("Plain"), Settings()).space
    assert [p.name for p in found] == ["kind", "units", "filters", "learning_rate"]
    assert [[condition.name for condition in p.conditions] for p in found] == [[], ["kind"], [], []]


def test_a_compiled_model_has_its_own_learning_rate():
    assert names(network("Plain"))[-4:] == ["learning_rate", "weight_decay", "label_smoothing", "input_dropout"]
    assert names(network("Compiled")) == ["units", "rate", "input_dropout"]


@pytest.mark.parametrize(
    ("values", "parameters"),
    [({"kind": "dense", "units": 16}, 64 * 16 + 16 + 170), ({"kind": "conv", "filters": 4}, 4 * 9 + 4 + 144 * 10 + 10)],
)
def test_values_make_the_model_and_its_size_is_known_without_weights(values, parameters):
    config = space.apply({**values, "learning_rate": 0.01}, network("Plain"), SETTINGS).config
    assert dict(config.values) == values
    described = describe(config)
    assert described.parameters == parameters == config.build().count_params()
    settings = dataclasses.replace(SETTINGS, max_parameters=100)
    judged = budget.judge(space.Candidate(config, settings.training(), ()), settings)
    assert judged["reason"] == f"{parameters:,} parameters, over 100"


def test_the_config_survives_json_but_not_as_one_of_the_catalogue():
    config = network("Plain", kind="conv", filters=8)
    assert hypermodel.read_config(config.to_json()) == config
    with pytest.raises(UsageError, match="unknown family 'hypermodel'"):
        saved_model.Config.from_json(config.to_json())


def test_its_own_optimizer_and_loss_stay():
    config = network("Compiled", units=8, rate=5e-3)
    model = config.build()
    compile_model(model, config, SETTINGS.training(), 10)
    assert isinstance(model.optimizer, keras.optimizers.Adagrad)
    assert float(model.optimizer.learning_rate) == pytest.approx(5e-3)
    assert model.loss == "sparse_categorical_crossentropy"
    plain = network("Plain")
    model = plain.build()
    compile_model(model, plain, SETTINGS.training(), 10)
    assert isinstance(model.optimizer, keras.optimizers.Adam)
    assert model.loss.from_logits


@pytest.mark.parametrize("name", ["Plain", "Compiled"])
def test_a_trial_trains_and_keeps_a_keras_file(tmp_path, name):
    settings = Settings(epochs=2, batch_size=128, deterministic=False)
    config, options, augment = space.apply({}, network(name), settings)
    worker.Task(config=config, options=options, data={"name": "digits"}, augment=("shift",)).write(tmp_path)
    result = worker.train(tmp_path)
    assert result["epochs"] == 2
    assert augment == ()
    model, facts = kept.load(tmp_path / worker.MODEL)
    assert facts["val_accuracy"] == result["val_accuracy"]
    outputs = keras.saving.load_model(tmp_path / worker.MODEL / kept.FILE, compile=False).predict(np.ones((2, 8, 8, 1)))
    assert np.array_equal(outputs, model.predict(np.ones((2, 8, 8, 1))))
    assert json.loads((tmp_path / worker.MODEL / "contract.json").read_text())["class_names"] == list(SPEC.class_names)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("hypermodels", "hypermodel must be module:Name, got 'hypermodels'"),
        ("no_such_module:Plain", "the module of no_such_module:Plain cannot be imported: ModuleNotFoundError: No mod"),
        ("hypermodels:Plane", "unknown name in hypermodels 'Plane'; did you mean Plain"),
        ("hypermodels:NUMBER", "hypermodels:NUMBER is no keras_tuner.HyperModel but int"),
        ("hypermodels:Demanding", "hypermodels:Demanding cannot be made without arguments: TypeError"),
        ("hypermodels:Fitting", "hypermodels:Fitting has a fit of its own, which is not called here"),
        ("hypermodels:Two", "build of hypermodels:Two returned a model with 2 inputs; 1 is wanted"),
        ("hypermodels:Raising", "build of hypermodels:Raising raised RuntimeError: no luck$"),
        ("hypermodels:Narrow", r"hypermodels:Narrow gives outputs of shape \(None, 3\), 10 classes are wanted"),
        ("hypermodels:Open", "build of hypermodels:Open returned Sequential; wanted is a functional model"),
        ("hypermodels:Rows", r"hypermodels:Rows takes inputs of shape \(64,\), digits has \(8, 8, 1\)"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_one_line(source, message):
    with pytest.raises(UsageError, match=message) as refusal:
        hypermodel.network(source).for_data(SPEC)
    assert "\n" not in str(refusal.value)


def test_the_spaces_of_the_catalogue_are_not_its():
    with pytest.raises(UsageError, match="a HyperModel has its own space"):
        space.hyperparameters(network("Plain"), Settings(space="compound"))
