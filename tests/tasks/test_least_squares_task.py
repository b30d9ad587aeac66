"""Linear outputs of fixed features, solved for by `fit`: equal to numpy's solution, and used on raw inputs."""

import numpy as np
import pytest
from jobs import JOBS, few, toy

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.spec import Column
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training

GENERATOR = np.random.default_rng(0)
ONCE = Options(epochs=1, batch_size=16, seed=3)


def trained(folder, config, data, *, options=ONCE, **changes):
    task = get_task("least_squares", **changes)
    config, data = task.adapt(config, data)
    training = Training(build(config, options), config, task, data, options, folder, verbose=0)
    training.rows = training.run()
    return training


@pytest.fixture(scope="module")
def digits():
    return few(load("digits"), 300)


@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_the_output_is_the_solution_of_all_examples(tmp_path, digits, ridge):
    training = trained(tmp_path, get_config("random_features", units=40), digits, ridge=ridge)
    x = training.data.train.inputs().reshape(300, -1).astype("float64") / 255
    features = np.maximum(x @ training.network.get_layer("stage1").kernel.numpy(), 0)
    targets = np.eye(10)[training.data.train.labels]
    more = np.concatenate([features, np.sqrt(ridge) * np.eye(40)])  # a ridge is as good as these examples, told 0
    expected = np.linalg.lstsq(more, np.concatenate([targets, np.zeros((40, 10))]), rcond=None)[0]
    np.testing.assert_allclose(training.network.get_layer("head").kernel, expected, rtol=1e-4, atol=1e-6)
    found = training.evaluate(training.data.train)
    errors = np.square(features @ expected - targets).sum(axis=0)
    assert found["loss"] == pytest.approx(errors.sum() / 300, rel=1e-4)
    shares = 1 - errors / np.square(targets - targets.mean(axis=0)).sum(axis=0)
    assert found["r2_score"] == pytest.approx(shares.mean(), abs=1e-4)
    assert found["accuracy"] == np.mean((features @ expected).argmax(axis=1) == training.data.train.labels)


def test_the_tangent_kernel_stores_training_examples_and_meets_them(tmp_path, digits):
    training = trained(tmp_path, get_config("ntk_kernel"), few(digits, 60))
    assert training.config.examples == 60
    stored = training.network.get_layer("stage1").examples.numpy()
    examples = training.data.train.inputs().reshape(60, -1) / 255
    order = np.random.default_rng(3).permutation(60)
    np.testing.assert_allclose(stored, examples[order], rtol=1e-6)
    found = training.evaluate(training.data.train)
    assert found["accuracy"] == 1 and found["loss"] < 1e-6


def test_numbers_are_answered_in_their_units(tmp_path):
    x = GENERATOR.uniform(-1, 1, (200, 2)).astype("float32")
    numbers = (500 + 30 * np.sin(3 * x[:, :1]) * x[:, 1:]).astype("float32")
    columns = {"features": Column(kind="features", shape=(2,)), "number": Column(kind="number", shape=(1,))}
    training = trained(
        tmp_path, get_config("fixed_basis_model", basis="polynomial"), toy(columns, {"features": x, "number": numbers})
    )
    found = training.evaluate(training.data.test)
    assert found["rmse"] < 0.05 and found["r2_score"] > 0.9999
    answers = training.task.answers(training.network, training.config, {"features": x[:3]}, training.data.spec)
    np.testing.assert_allclose([answer["number"] for answer in answers], numbers[:3, 0], atol=0.2)


def test_more_epochs_find_the_same(tmp_path, digits):
    config = get_config("random_features", units=20)
    one = trained(tmp_path / "1", config, digits)
    three = trained(tmp_path / "3", config, digits, options=Options(epochs=3, batch_size=16, seed=3))
    first, third = (training.network.get_layer("head").kernel.numpy() for training in (one, three))
    np.testing.assert_allclose(first, third, rtol=1e-5)
    assert np.ptp([row["val_loss"] for row in three.rows]) < 1e-4


def test_an_answer_is_a_class(tmp_path, digits):
    training = trained(tmp_path, get_config("random_features", units=40), digits)
    inputs = {"image": training.data.test.inputs()}
    answers = training.task.answers(training.network, training.config, inputs, training.data.spec)
    right = [answer["class"] == str(label) for answer, label in zip(answers, training.data.test.labels, strict=True)]
    assert np.mean(right) == training.evaluate(training.data.test)["accuracy"] > 0.7
    assert max(answers[0]["outputs"], key=answers[0]["outputs"].get) == answers[0]["class"]


def test_what_it_cannot_solve_is_refused(tmp_path, digits):
    with pytest.raises(UsageError, match="solves for a linear output without bias, as fixed_basis_model"):
        trained(tmp_path, get_config("mlp"), digits)
    with pytest.raises(UsageError, match="counts every example once"):
        trained(tmp_path, get_config("random_features"), digits, options=Options(xla=True, deterministic=False))
    data = JOBS["deep_q_learning"]()[2]
    with pytest.raises(UsageError, match="least_squares needs a column of class or number"):
        get_task("least_squares").adapt(get_config("random_features"), data)
