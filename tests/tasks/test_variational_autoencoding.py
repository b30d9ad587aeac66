"""The evidence lower bound by its formulas, noise that evaluation does not move, and digits made again."""

import numpy as np
import pytest
from jobs import JOBS, few, toy

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.spec import Column
from keras_dl.learning.variational import Variational, kl, log_likelihood, reconstruction
from keras_dl.tasks import get_task
from keras_dl.tasks.variational_autoencoding import plane, way
from keras_dl.training import build
from keras_dl.training.loop import Training

GENERATOR = np.random.default_rng(0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network that has learned some of the digits, and what it started from."""
    task = get_task("variational_autoencoding")
    config, data = task.adapt(get_config("vae", units=64, latent_width=8), load("digits"))
    options = JOBS["variational_autoencoding"]()[-1].__class__(epochs=20, batch_size=32, learning_rate=3e-3)
    training = Training(build(config, options), config, task, data, options, tmp_path_factory.mktemp("v"), verbose=0)
    return training, training.run()


def test_losses_are_those_of_the_paper():
    pictures = GENERATOR.integers(0, 256, (3, 2, 2, 1)).astype("float32")
    logits = GENERATOR.normal(size=(3, 2, 2, 1)).astype("float32")
    white, chance = pictures / 255, 1 / (1 + np.exp(-logits))
    expected = -(white * np.log(chance) + (1 - white) * np.log(1 - chance)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(reconstruction(pictures, logits), expected, rtol=1e-5)
    mean, log_variance = GENERATOR.normal(size=(2, 3, 5)).astype("float32")
    expected = -0.5 * (1 + log_variance - mean**2 - np.exp(log_variance)).sum(axis=1)
    np.testing.assert_allclose(kl(mean, log_variance), expected, rtol=1e-5)


def test_codes_have_the_mean_and_the_variance_that_the_encoder_says():
    """A decoder that passes codes on shows them: one pixel for each of two numbers."""
    network = get_config("vae", input_shape=(2, 1, 1), units=2, latent_width=2).build()
    for layer in (*network.get_layer("encoder").layers, *network.get_layer("decoder").layers):
        layer.set_weights([np.zeros_like(value) for value in layer.get_weights()])
    network.get_layer("encoder").get_layer("encoder_mean").bias.assign([1.0, -2.0])
    network.get_layer("encoder").get_layer("encoder_log_variance").bias.assign(2 * np.log([0.5, 0.1]))
    seen = []
    network.get_layer("decoder").call = lambda code, training=None, **_: (
        seen.append(code.numpy()) or code[..., None, None]
    )
    learner = Variational(network, 0)
    x = np.zeros((4000, 2, 1, 1), "float32")
    learner.named_losses(x, None, network(x), None, True)
    codes = seen[-1].reshape(4000, 2)
    np.testing.assert_allclose(codes.mean(axis=0), [1.0, -2.0], atol=0.03)
    np.testing.assert_allclose(codes.std(axis=0), [0.5, 0.1], rtol=0.05)


def test_digits_are_made_again(trained):
    training, rows = trained
    assert rows[-1]["val_loss"] < rows[0]["val_loss"] - 4
    for row in rows:
        assert row["val_loss"] == pytest.approx(row["val_reconstruction"] + row["val_kl"])
    pictures = training.data.test.inputs()
    made = 255 / (1 + np.exp(-training.network.predict(pictures, verbose=0)["image"]))
    mean = training.data.train.inputs().mean(axis=0)
    assert np.square(made - pictures).mean() < 0.7 * np.square(mean - pictures).mean()


def test_the_loss_bounds_what_the_likeliest_codes_cost(trained):
    """What is evaluated is the bound with its noise, more than the cost by way of the mean, which is no bound."""
    training, _ = trained
    pictures = training.data.test.inputs()
    answers = training.task.answers(training.network, training.config, {"image": pictures}, training.data.spec)
    found = training.evaluate(training.data.test)
    assert found["kl"] == pytest.approx(np.mean([answer["kl"] for answer in answers]), rel=1e-4)
    assert found["reconstruction"] > np.mean([answer["reconstruction"] for answer in answers]) + 0.1
    assert len(answers[0]["code"]) == 8


def test_evaluation_is_the_same_each_time_and_moves_nothing(trained):
    training, _ = trained
    noise = training.learner.noise.state.numpy()
    first = training.evaluate(training.data.test)
    assert training.evaluate(training.data.test) == first
    np.testing.assert_array_equal(training.learner.noise.state.numpy(), noise)


def test_an_evaluation_is_the_same_in_batches_of_any_size(trained):
    training, _ = trained
    pictures = training.data.test.inputs()[:50]
    whole, parts = (
        training.learner.evaluate(pictures, np.zeros(50, "float32"), batch_size=size, verbose=0, return_dict=True)
        for size in (50, 7)
    )
    for name in ("loss", "kl", "reconstruction"):
        assert whole[name] == pytest.approx(parts[name], rel=1e-5)


def test_each_picture_of_an_evaluation_has_other_noise(trained):
    training, _ = trained
    picture = training.data.test.inputs()[:1]
    twice = np.repeat(picture, 2, axis=0)
    one, two = (
        training.learner.evaluate(x, np.zeros(len(x), "float32"), batch_size=1, verbose=0, return_dict=True)
        for x in (picture, twice)
    )
    assert one["kl"] == pytest.approx(two["kl"], rel=1e-5)
    assert abs(one["reconstruction"] - two["reconstruction"]) > 1e-3


def test_the_likelihood_is_that_of_the_codes_summed_up():
    """In one dimension the integral over all codes is a sum over a fine grid."""
    network = get_config("vae", input_shape=(3, 2, 1), units=5, latent_width=1).build()
    for variable in network.weights:
        variable.assign(GENERATOR.normal(0, 0.8, variable.shape))
    pictures = GENERATOR.integers(0, 256, (4, 3, 2, 1)).astype("float32")
    grid = np.linspace(-8, 8, 4001).astype("float32")[:, None]
    prior = np.exp(-(grid[:, 0] ** 2) / 2) / np.sqrt(2 * np.pi)
    logits = network.get_layer("decoder")(grid)
    exact = [
        np.log(np.sum(prior * np.exp(-reconstruction(np.tile(one, (4001, 1, 1, 1)), logits).numpy())) * 0.004)
        for one in pictures
    ]
    np.testing.assert_allclose(log_likelihood(network, pictures, 4000), exact, atol=0.1)
    assert log_likelihood(network, np.repeat(pictures, 500, axis=0), 1).mean() < np.mean(exact) - 0.01


def test_the_likelihood_is_scored_where_it_is_wanted(trained):
    training, _ = trained
    task = training.task.replace(importance=20)
    found = task.scores(training.network, training.config, training.data.test, training.data.spec)["log_likelihood"]
    assert -training.evaluate(training.data.test)["loss"] < found < 0
    assert "log_likelihood" not in training.evaluate(training.data.test)


def test_samples_ways_and_planes_are_pictures_of_codes(trained):
    training, _ = trained
    made = training.task.made(training.network, training.config, (4, 5))
    np.testing.assert_allclose(training.task.made(training.network, training.config, (5,))[0], made[1], atol=1e-3)
    line = way(np.array([0.0, 2.0]), np.array([7.0, -5.0]))
    np.testing.assert_allclose(line, np.stack([np.arange(8), 2 - np.arange(8)], axis=1), atol=1e-12)
    codes = plane(4)
    assert codes.shape == (16, 2)
    np.testing.assert_allclose(codes[0], -codes[-1])
    assert codes[0, 0] < 0 < codes[0, 1]


def test_the_sheet_is_drawn(trained, tmp_path):
    training, _ = trained
    path = tmp_path / "sheet.png"
    assert training.task.draw(training.network, training.config, training.data.test, training.data.spec, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_other_networks_and_data_are_refused(tmp_path):
    task = get_task("variational_autoencoding")
    config, data = task.adapt(get_config("mlp", hidden=(4,)), few(load("digits")))
    options = JOBS["variational_autoencoding"]()[-1]
    with pytest.raises(UsageError, match="variational_autoencoding is for networks of encoder and decoder; mlp has no"):
        Training(config.build(), config, task, data, options, tmp_path, verbose=0).run()
    columns = {"features": Column(kind="features", shape=(3,)), "label": Column(kind="class", classes=2)}
    table = toy(columns, {"features": np.ones((4, 3), "float32"), "label": np.arange(4) % 2})
    with pytest.raises(UsageError, match=r"variational_autoencoding needs a column of image; toy has features"):
        task.adapt(get_config("vae"), table)
