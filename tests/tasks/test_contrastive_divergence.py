"""Contrastive divergence: one step by a statement in numpy, data that become likely, what is refused."""

import keras
import numpy as np
import pytest
from jobs import JOBS, toy
from scipy.special import expit

from keras_dl import UsageError, get_config
from keras_dl.data.spec import Column
from keras_dl.learning.partition import log_likelihood
from keras_dl.tasks import contrastive_divergence, get_task
from keras_dl.training import Options
from keras_dl.training.loop import Training
from keras_dl.training.quiet import Quiet

SIZE = {"input_shape": (6,), "units": (4,)}
DATA = np.random.default_rng(0).random((5, 6)).astype("float32")
COLUMNS = {"features": Column(kind="features", shape=(6,))}


def randomised(learner):
    generator = np.random.default_rng(1)
    for variable in learner.network.weights:
        variable.assign(generator.normal(0, 0.7, variable.shape))
    return [variable.numpy().astype("float64") for variable in learner.network.weights]


@pytest.mark.parametrize("persistent", [False, True])
def test_two_steps_are_those_of_the_definition(persistent):
    """v1 h1 less v0 h0, with h0 and v1 drawn, and probabilities h1 for the last; chains begin at 0 or at the data."""
    task = get_task("contrastive_divergence", persistent=persistent)
    options = Options(optimizer="sgd", learning_rate=0.1, batch_size=5, seed=7)
    learner = Quiet.of(get_config("rbm", **SIZE), options, 1, task=task).model
    kernel, visible, hidden = randomised(learner)
    noise, begun = keras.random.SeedGenerator(7), np.zeros((5, 6)) if persistent else DATA
    for _ in range(2):
        learner.train_step((DATA, np.zeros(5, "float32")))
        uniform = [np.array(keras.random.uniform((5, size), dtype="float32", seed=noise)) for size in (6, 4)]
        drawn = uniform[1] < expit(begun @ kernel + hidden)
        dreamed = (uniform[0] < expit(drawn @ kernel.T + visible)).astype("float64")
        known, made = expit(DATA @ kernel + hidden), expit(dreamed @ kernel + hidden)
        begun = dreamed if persistent else DATA
        kernel = kernel + 0.1 * (DATA.T @ known - dreamed.T @ made) / 5
        visible = visible + 0.1 * (DATA - dreamed).mean(axis=0)
        hidden = hidden + 0.1 * (known - made).mean(axis=0)
    for variable, expected in zip(learner.network.weights, (kernel, visible, hidden), strict=True):
        np.testing.assert_allclose(variable, expected, rtol=1e-5, atol=1e-6)
    if persistent:
        np.testing.assert_array_equal(learner.chains.states[0], dreamed)


def test_a_step_of_a_deep_machine_is_that_of_the_definition():
    task = get_task("contrastive_divergence")
    options = Options(optimizer="sgd", learning_rate=0.1, batch_size=3, seed=7)
    learner = Quiet.of(get_config("dbm", input_shape=(6,), units=(4, 3)), options, 1, task=task).model
    weights = randomised(learner)
    machine = learner.layer.machine
    states = machine.inferred(DATA, 10)
    learner.train_step((DATA, np.zeros(5, "float32")))
    dreamed = {place: chains.numpy() for place, chains in learner.chains.states.items()}
    between = [np.array(machine.probabilities({0: of[0], 2: of[2]}, 1)) for of in (states, dreamed)]
    gradients = [
        DATA.T @ between[0] / 5 - dreamed[0].T @ between[1] / 3,
        between[0].T @ np.array(states[2]) / 5 - between[1].T @ dreamed[2] / 3,
        DATA.mean(axis=0) - dreamed[0].mean(axis=0),
        between[0].mean(axis=0) - between[1].mean(axis=0),
        np.mean(states[2], axis=0) - dreamed[2].mean(axis=0),
    ]
    for variable, old, gradient in zip(learner.network.weights, weights, gradients, strict=True):
        np.testing.assert_allclose(variable, old + 0.1 * gradient, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("units", [(8,), (8, 4)])
def test_training_makes_the_data_likely(units):
    """All of four kinds of examples among 64, each of which is a 64th of all before."""
    kinds = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1]], "float32")
    config, task = get_config("rbm", input_shape=(6,), units=units), get_task("contrastive_divergence", steps=3)
    options = Options(optimizer="sgd", learning_rate=0.5, batch_size=40)
    training = Quiet.of(config, options, 1000, task=task, xla=False)
    network, order = training.begin(0), np.random.default_rng(0).integers(4, size=(1000, 40))

    def likelihood():
        return log_likelihood(network.get_layer("machine").machine, kinds, 10)

    assert np.exp(likelihood()).sum() == pytest.approx(4 / 64, abs=0.01)
    training.run(kinds, np.zeros(4, "float32"), order)
    assert np.exp(likelihood()).sum() > 0.8
    data = toy(COLUMNS, {"features": kinds})
    scored = task.scores(network, config, data.test, data.spec)["log_likelihood"]
    assert scored == pytest.approx(likelihood().mean(), abs=1e-4)


def test_an_evaluation_draws_nothing(tmp_path):
    config, task, data, options = JOBS["contrastive_divergence"]()
    config, data = task.adapt(config, data)
    training = Training(config.build(), config, task, data, options, tmp_path, verbose=0)
    training.run()
    before = [variable.numpy() for variable in training.learner.variables]
    first = training.evaluate(data.test)
    assert training.evaluate(data.test) == first
    for variable, value in zip(training.learner.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_samples_are_of_their_seed_alone(monkeypatch):
    monkeypatch.setattr(contrastive_divergence, "DREAMED", 20)
    config, task, data, _ = JOBS["contrastive_divergence"]()
    config, data = task.adapt(config, data)
    network = config.build()
    three = task.made(network, config, (0, 1, 2))
    np.testing.assert_allclose(task.made(network, config, (2,))[0], three[2], atol=1e-3)
    assert three.shape == (3, *config.input_shape) and three.min() >= 0 and three.max() <= 255
    assert np.abs(three[0] - three[1]).max() > 1e-3


def test_visible_units_begin_as_often_at_1_as_the_data(tmp_path):
    config, task, data, options = JOBS["contrastive_divergence"]()
    config, data = task.adapt(config, data)
    training = Training(config.build(), config, task, data, options, tmp_path, verbose=0)
    training.prepare()
    training.learner.callbacks(data)
    training.learner.begin_epoch(0, 0)
    bias = training.learner.layer.biases[0]
    shares = data.train.inputs().reshape(len(data.train), -1).mean(axis=0) / 255
    np.testing.assert_allclose(expit(bias.numpy()), shares.clip(0.01, 0.99), atol=1e-5)
    bias.assign(np.ones(bias.shape))
    training.learner.begin_epoch(0, 0)
    np.testing.assert_array_equal(bias, 1)


def test_other_networks_and_data_are_refused():
    task = get_task("contrastive_divergence")
    values = np.array([[0.0, 0.5, 1.0], [0.2, -3.0, 5.0]], "float32")
    columns = {"features": Column(kind="features", shape=(3,))}
    with pytest.raises(UsageError, match="binary units take values 0..1; the train features of toy are -3 to 5"):
        task.adapt(get_config("rbm"), toy(columns, {"features": values}))
    with pytest.raises(UsageError, match="a boltzmann_machine takes pictures or features, toy is text"):
        get_config("rbm").for_data(toy({"text": Column(kind="text")}, {"text": np.array(["a"], object)}).spec)
    config = get_config("mlp", hidden=(4,))
    with pytest.raises(UsageError, match="contrastive_divergence is for Boltzmann machines, such as rbm and dbm; mlp"):
        task.learner(config.build(), config, Options())
    features = get_config("rbm", input_shape=(6,), units=(3,))
    with pytest.raises(UsageError, match="this boltzmann_machine was trained on features; it makes no pictures"):
        task.made(features.build(), features, (0,))


def test_weights_of_a_batch_do_not_weigh_chains_that_go_on():
    """And three examples in a batch of five make three fifths of a step."""
    task, weights = get_task("contrastive_divergence"), np.array([1, 1, 1, 0, 0], "float32")
    options = Options(optimizer="sgd", learning_rate=0.1, batch_size=5, seed=7)
    learner = Quiet.of(get_config("rbm", **SIZE), options, 1, task=task).model
    _, visible, _ = randomised(learner)
    learner.train_step((DATA, np.zeros(5, "float32"), weights))
    expected = visible + 0.06 * (DATA[:3].mean(axis=0) - learner.chains.states[0].numpy().mean(axis=0))
    np.testing.assert_allclose(learner.network.weights[1], expected, rtol=1e-5)
