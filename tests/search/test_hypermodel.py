"""A HyperModel of the user's own is searched like a network of the catalogue."""

import dataclasses
import json

import hypermodels
import keras
import numpy as np
import pytest

from keras_dl import UsageError, search
from keras_dl.catalogue import read_config
from keras_dl.data import load
from keras_dl.search import Settings, best, budget, exploring, hypermodel, kept, space, worker
from keras_dl.search.helper import Helper
from keras_dl.search.ledger import Trial
from keras_dl.training.objective import compile_model

PRELOAD = ["keras_dl.search.worker"]
pytestmark = pytest.mark.usefixtures("helper")
SPEC = load("digits").spec
SETTINGS = Settings(tune_regularization=True)


@pytest.fixture(scope="module")
def helper(processes):
    with exploring.helper():
        yield


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
    described = exploring.described(config)
    assert described.parameters == parameters == config.build().count_params()
    settings = dataclasses.replace(SETTINGS, max_parameters=100)
    judged = budget.judge(space.Candidate(config, settings.training(), ()), settings.budget(), Helper())
    assert judged["reason"] == f"{parameters:,} parameters, over 100"


def test_the_config_survives_json_but_not_as_one_of_the_catalogue():
    config = network("Plain", kind="conv", filters=8)
    assert hypermodel.read_config(config.to_json()) == config
    with pytest.raises(UsageError, match="unknown family 'hypermodel'"):
        read_config(config.to_json())


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


def trained(folder, name):
    """A trial of the HyperModel's first candidate, what it trained with, and its result."""
    settings = Settings(epochs=2, batch_size=128, deterministic=False)
    candidate = space.apply({}, network(name), settings)
    worker.Task(config=candidate.config, options=candidate.options, data={"name": "digits"}).write(folder)
    return candidate, worker.train(folder)


@pytest.mark.parametrize("name", ["Plain", "Compiled", "Own"])
def test_what_a_trial_kept_is_built_again_and_becomes_the_best(tmp_path, name):
    folder = tmp_path / "trials" / "0000"
    folder.mkdir(parents=True)
    candidate, result = trained(folder, name)
    assert (result["epochs"], result["kept_epoch"]) == (2, 2)
    digits = load("digits")
    model = kept.load(folder / worker.MODEL)
    right = (model.predict(digits.validation.inputs(), verbose=0).argmax(-1) == digits.validation.labels).mean()
    assert right == pytest.approx(result["val_accuracy"], abs=1e-6)
    assert json.loads((folder / worker.MODEL / "contract.json").read_text())["class_names"] == list(SPEC.class_names)

    trial = Trial(number=0, values={}, seed=0, parameters=model.count_params(), **result)
    accuracy = best.save(trial, candidate, "random", tmp_path, {"name": "digits"})
    outputs = search.load(tmp_path / "best").predict(digits.test.inputs(), verbose=0)
    assert (outputs.argmax(-1) == digits.test.labels).mean() == pytest.approx(accuracy, abs=1e-6)
    custom = {"Scale": hypermodels.Scale} if name == "Own" else None
    portable = keras.saving.load_model(tmp_path / "best" / kept.FILE, custom_objects=custom)
    assert np.array_equal(outputs, portable.predict(digits.test.inputs(), verbose=0))
    assert "keras_dl.search.load('folder')" in (tmp_path / "best" / "README.md").read_text()


def test_a_layer_that_keras_cannot_write_costs_the_keras_file_only(tmp_path):
    candidate, result = trained(tmp_path, "Closed")
    kept.save(kept.load(tmp_path / worker.MODEL), tmp_path / "best", candidate.config, SPEC, result, portable=True)
    assert not (tmp_path / "best" / kept.FILE).exists()
    assert kept.weights_hash(tmp_path / "best") == result["weights_sha256"]


def test_a_module_that_builds_something_else_now_is_told(tmp_path, monkeypatch):
    trained(tmp_path, "Compiled")
    monkeypatch.setattr(hypermodels, "HIDDEN", 2)
    with pytest.raises(UsageError, match="hypermodels:Compiled now builds another model than the one in .*model: its"):
        kept.load(tmp_path / worker.MODEL)


def test_a_branch_that_cannot_be_built_is_a_candidate_that_is_invalid():
    for kind, reason in (
        ("too big", "build of hypermodels:Moody raised FailedTrialError: too big"),
        ("leaves", "build of hypermodels:Moody raised SystemExit: 3"),
        ("dies", "build of hypermodels:Moody failed: killed by SIGSEGV"),
    ):
        with pytest.raises(UsageError, match=reason):
            exploring.described(network("Moody", kind=kind))
    assert exploring.described(network("Moody", kind="good")).parameters == 650
    assert names(network("Moody")) == ["kind", "units", *names(network("Moody"))[2:]], "what comes after it is found"


def test_a_build_that_never_ends_has_a_deadline(monkeypatch):
    monkeypatch.setattr(exploring, "SECONDS", 3)
    with pytest.raises(UsageError, match="build of hypermodels:Endless failed: it took longer than 3 seconds"):
        hypermodel.network("hypermodels:Endless")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("hypermodels", "hypermodel must be module:Name, got 'hypermodels'"),
        ("module_that_exits:Plain", "the module of module_that_exits:Plain cannot be imported: SystemExit: 3"),
        ("module_that_dies:Plain", "build of module_that_dies:Plain failed: its process ended with status 7"),
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
