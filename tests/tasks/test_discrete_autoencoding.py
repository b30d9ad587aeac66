"""Grids of codes: soft draws, the temperature, losses by formula, what is learned, answers, what is refused."""

import dataclasses
import math

import keras
import numpy as np
import pytest
from jobs import JOBS, OPTIONS

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.learning.discrete import cooled, gumbel_softmax, kl, pictures, reconstruction
from keras_dl.tasks import get_task
from keras_dl.training import build
from keras_dl.training.loop import Training

GENERATOR = np.random.default_rng(0)


def test_codes_are_drawn_by_their_probabilities_and_softly():
    logits = np.tile(np.log([0.6, 0.3, 0.1]), (20_000, 1)).astype("float32")
    seed = keras.random.SeedGenerator(0)
    cold = gumbel_softmax(logits, 0.01, seed).numpy()
    np.testing.assert_allclose(cold.argmax(axis=1).mean(), 0.3 + 2 * 0.1, atol=0.02)
    assert np.mean(cold.max(axis=1) > 0.95) > 0.95
    warm = gumbel_softmax(logits, 5.0, seed).numpy()
    np.testing.assert_allclose(warm.sum(axis=1), 1, rtol=1e-5)
    assert warm.max() < 0.95


def test_the_temperature_falls_along_a_cosine():
    found = [float(cooled(progress, 1.0, 0.0625)) for progress in (0.0, 0.25, 0.5, 1.0, 2.0)]
    expected = [0.0625 + 0.9375 * (1 + math.cos(math.pi * progress)) / 2 for progress in (0, 0.25, 0.5, 1, 1)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    _, task, _, options = JOBS["discrete_autoencoding"]()
    config = get_config("dalle_small", input_shape=(8, 8, 1), halvings=1, filters=8, codes=5, blocks=1)
    learner = task.learner(config.build(), config, options)
    learner.stretch(10)
    x = GENERATOR.integers(0, 256, (2, 8, 8, 1)).astype("float32")
    for _ in range(3):
        learner.named_losses(x, None, learner(x), None, True)
    assert learner.done == 3
    learner.named_losses(x, None, learner(x), None, False)
    assert learner.done == 3


def test_losses_are_those_of_the_papers():
    images = GENERATOR.integers(0, 256, (3, 4, 4, 2)).astype("float32")
    made = GENERATOR.normal(120, 60, (3, 4, 4, 2)).astype("float32")
    expected = np.mean(((images - made) / 127.5) ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(reconstruction(images, made), expected, rtol=1e-5)
    places, scales = GENERATOR.normal(size=(2, 3, 4, 4, 2))
    x, b = 0.1 + 0.8 * images / 255, np.exp(scales)
    density = np.exp(-np.abs(np.log(x / (1 - x)) - places) / b) / (2 * b * x * (1 - x))
    both = np.concatenate([places, scales], axis=-1).astype("float32")
    np.testing.assert_allclose(reconstruction(images, both), -np.log(density).mean(axis=(1, 2, 3)), rtol=1e-4)
    np.testing.assert_allclose(pictures(made, 2), np.clip(made, 0, 255))
    shares = np.clip((1 / (1 + np.exp(-places)) - 0.1) / 0.8, 0, 1)
    np.testing.assert_allclose(pictures(both, 2), 255 * shares, atol=1e-2)
    logits = GENERATOR.normal(size=(3, 2, 2, 7))
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    nats = (shares * np.log(7 * shares)).sum(axis=-1).mean(axis=(1, 2))
    np.testing.assert_allclose(kl(logits.astype("float32")), nats, rtol=1e-4)


def test_digits_are_made_again(tmp_path):
    task = get_task("discrete_autoencoding")
    config = get_config("dalle_small", halvings=1, filters=16, codes=32, code_width=16, blocks=1)
    config, data = task.adapt(config, load("digits"))
    options = dataclasses.replace(OPTIONS, epochs=4, batch_size=32)
    training = Training(build(config, options), config, task, data, options, tmp_path / "run", verbose=0)
    rows = training.run()
    scores = training.evaluate(data.test)
    pixels = data.test.inputs() / 127.5 - 1
    assert rows[-1]["val_reconstruction"] < rows[0]["val_reconstruction"]
    assert scores["reconstruction"] < 0.5 * np.var(pixels - pixels.mean(axis=0))
    assert scores["codes_used"] >= 4
    answers = task.answers(training.network, config, {"image": data.test.inputs()[:2]}, data.spec)
    assert np.array(answers[0]["codes"]).shape == (4, 4) and np.array(answers[0]["image"]).shape == (8, 8, 1)
    error = np.mean([(np.array(answer["image"]) - image) ** 2 for answer, image in
                     zip(answers, data.test.inputs(), strict=False)])  # fmt: skip
    assert error / 127.5**2 < 2 * scores["reconstruction"]
    assert task.draw(training.network, config, data.test, data.spec, tmp_path / "sheet.png")


def test_what_cannot_learn_so_is_refused():
    task = get_task("discrete_autoencoding")
    with pytest.raises(UsageError, match="takes networks of a grid of codes, such as dalle_small; not vae"):
        config = get_config("vae", input_shape=(8, 8, 1), units=4)
        task.learner(config.build(), config, OPTIONS)
    with pytest.raises(UsageError, match="the temperature falls: coldest=2 is above warmest=1"):
        get_task("discrete_autoencoding", coldest=2.0)
