"""Reconstruction: the loss by its formula, noise that stays the same, pictures that come out as they went in."""

import numpy as np
import pytest
import tensorflow as tf
from jobs import JOBS, few, toy

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.spec import Column
from keras_dl.learning.corruption import corrupted
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.loop import Training


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    config, task = get_config("autoencoder", latent_width=16), get_task("reconstruction")
    config, data = task.adapt(config, few(load("digits"), 400))
    options = Options(epochs=15, learning_rate=1e-2, steps_per_execution=19)
    training = Training(config.build(), config, task, data, options, tmp_path_factory.mktemp("run"), verbose=0)
    return training, training.run()


def test_the_loss_is_the_squared_error_of_a_picture(trained):
    training, rows = trained
    pictures = training.data.test.inputs()
    made = training.network(pictures).numpy()
    expected = np.square((pictures - made) / 255).reshape(len(pictures), -1).sum(axis=1)
    assert training.evaluate(training.data.test)["loss"] == pytest.approx(expected.mean(), rel=1e-4)
    answers = training.task.answers(training.network, training.config, {"image": pictures}, training.data.spec)
    np.testing.assert_allclose([answer["squared_error"] for answer in answers], expected, rtol=1e-4)
    assert len(answers[0]["code"]) == 16
    mean = training.data.train.inputs().mean(axis=0)
    of_mean = np.square((pictures - mean) / 255).reshape(len(pictures), -1).sum(axis=1).mean()
    assert rows[-1]["val_loss"] < 0.5 * of_mean


def test_part_of_what_the_network_sees_is_0():
    x = tf.constant(np.random.default_rng(0).uniform(1, 255, (40, 8, 8, 1)), "float32")
    seen = corrupted(x, 0.25, tf.constant([1, 2], "int64")).numpy()
    assert np.mean(seen == 0) == pytest.approx(0.25, abs=0.03)
    np.testing.assert_array_equal(seen[seen != 0], x.numpy()[seen != 0])
    other = corrupted(x, 0.25, tf.constant([1, 3], "int64")).numpy()
    assert np.any((other == 0) != (seen == 0))


def test_without_a_key_an_example_decides_by_itself_what_is_missing():
    x = tf.constant(np.random.default_rng(0).uniform(1, 255, (6, 8, 8, 1)), "float32")
    whole = corrupted(x, 0.25, None).numpy()
    np.testing.assert_array_equal(corrupted(x[2:3], 0.25, None).numpy(), whole[2:3])
    assert np.mean(whole == 0) == pytest.approx(0.25, abs=0.08)
    assert np.any((whole[0] == 0) != (whole[1] == 0))


def test_the_target_is_the_whole_picture():
    config, task, data, _ = JOBS["reconstruction"]()
    config, data = task.adapt(config, data)
    seen, pictures = next(iter(data.test.in_order.batches(8, task.arrange(config.build()))))
    np.testing.assert_array_equal(pictures, data.test.inputs()[:8])
    assert np.sum((seen.numpy() == 0) & (pictures.numpy() > 0)) > 20


def test_features_are_made_again_in_their_own_units():
    x = np.random.default_rng(0).normal(5, 3, (40, 4)).astype("float32")
    data = toy({"features": Column(kind="features", shape=(4,))}, {"features": x})
    task = get_task("reconstruction")
    config, data = task.adapt(get_config("autoencoder", latent_width=2, output_activation="linear"), data)
    [answer] = task.answers(network := config.build(), config, {"features": x[:1]}, data.spec)
    assert answer["squared_error"] == pytest.approx(np.square(network(x[:1]).numpy() - x[:1]).sum(), rel=1e-5)


def test_the_sheet_is_drawn(trained, tmp_path):
    training, _ = trained
    path = tmp_path / "sheet.png"
    assert training.task.draw(training.network, training.config, training.data.test, training.data.spec, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_other_networks_and_options_are_refused():
    task = get_task("reconstruction")
    config, _ = task.adapt(get_config("vae"), load("digits"))
    with pytest.raises(UsageError, match="reconstruction is for networks whose output is their input again; vae has"):
        task.compiling(config.build(), config, Options())
    with pytest.raises(UsageError, match=r"corrupted must be at least 0 and below 1, got 1.5"):
        get_task("reconstruction", corrupted=1.5)
