"""A HyperModel of the user's own is searched like a network of the catalogue."""

import dataclasses
import json

import hypermodels
import keras
import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError, search
from keras_dl.catalogue import read_config
from keras_dl.data import load
from keras_dl.data.spec import Column
from keras_dl.search import Settings, best, budget, exploring, hypermodel, kept, space, worker
from keras_dl.search.helper import Helper
from keras_dl.search.ledger import Trial
from keras_dl.tasks import get_task
from keras_dl.training.job import Job
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
    with pytest.raises(UsageError, match=r"hypermodels:Plain is a HyperModel; keras_dl\.search\.load imports"):
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
    """A trial of the HyperModel's first candidate: its job and its result."""
    settings = Settings(epochs=2, batch_size=128, deterministic=False)
    candidate = space.apply({}, network(name), settings)
    job = Job(
        network=candidate.config,
        task=get_task("classification"),
        loading={"name": "digits"},
        options=candidate.options,
    )
    worker.Order(job=job).write(folder)
    return job, worker.train(folder)


@pytest.mark.parametrize("name", ["Plain", "Compiled", "Own"])
def test_what_a_trial_kept_is_built_again_and_becomes_the_best(tmp_path, name):
    folder = tmp_path / "trials" / "0000"
    folder.mkdir(parents=True)
    job, result = trained(folder, name)
    assert (result["epochs"], result["kept_epoch"]) == (2, 2)
    digits = load("digits")
    model = kept.load(folder / worker.MODEL)
    right = (model.predict(digits.validation.inputs(), verbose=0).argmax(-1) == digits.validation.labels).mean()
    assert right == pytest.approx(result["score"], abs=1e-6)
    assert json.loads((folder / worker.MODEL / "contract.json").read_text())["class_names"] == list(SPEC.class_names)

    trial = Trial(number=0, values={}, seed=0, parameters=model.count_params(), **result)
    accuracy = best.save(trial, job, "random", tmp_path)["accuracy"]
    outputs = search.load(tmp_path / "best").predict(digits.test.inputs(), verbose=0)
    assert (outputs.argmax(-1) == digits.test.labels).mean() == pytest.approx(accuracy, abs=1e-6)
    custom = {"Scale": hypermodels.Scale} if name == "Own" else None
    portable = keras.saving.load_model(tmp_path / "best" / "model.keras", custom_objects=custom)
    assert np.array_equal(outputs, portable.predict(digits.test.inputs(), verbose=0))
    assert "keras_dl.search.load('folder')" in (tmp_path / "best" / "README.md").read_text()
    with pytest.raises(UsageError, match=f"hypermodels:{name} is a HyperModel; keras_dl.search.load"):
        keras_dl.load(tmp_path / "best")


def test_a_layer_that_keras_cannot_write_costs_the_keras_file_only(tmp_path):
    _, result = trained(tmp_path, "Closed")
    assert not (tmp_path / worker.MODEL / "model.keras").exists()
    assert kept.weights_hash(tmp_path / worker.MODEL) == result["weights_sha256"]
    layers = [type(layer) for layer in kept.load(tmp_path / worker.MODEL).layers]
    assert hypermodels.Closed.Layer in layers


def test_its_weights_go_by_their_order_whatever_layers_were_made_before(tmp_path):
    trained(tmp_path, "Plain")
    first = kept.load(tmp_path / worker.MODEL)
    keras.layers.Dense(3)
    again = kept.load(tmp_path / worker.MODEL)
    assert [weight.path for weight in first.weights] != [weight.path for weight in again.weights]
    for one, other in zip(first.get_weights(), again.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_numbers_are_learned_too():
    columns = {"image": Column(kind="image", shape=(8, 8, 1)), "number": Column(kind="number", shape=(3,))}
    spec = dataclasses.replace(SPEC, columns=columns)
    config = hypermodel.network("hypermodels:Narrow").for_data(spec)
    assert (config.classes, exploring.described(config).parameters) == (3, 64 * 3 + 3)
    with pytest.raises(UsageError, match=r"Plain gives outputs of shape \(None, 10\), 3 numbers are wanted"):
        hypermodel.network("hypermodels:Plain").for_data(spec)


def test_a_module_that_builds_something_else_now_is_told(tmp_path, monkeypatch):
    trained(tmp_path, "Compiled")
    monkeypatch.setattr(hypermodels, "HIDDEN", 2)
    with pytest.raises(UsageError, match=r"Compiled no longer builds this model: .* tensor '00002' is \(8, 10\)"):
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
