"""A linear autoencoder finds the space of the principal components; a sigmoid one learns to return its input."""

import numpy as np
import scipy.linalg

from keras_dl.experiments.autoencoder import train_autoencoder


def test_a_linear_one_spans_the_principal_components():
    generator = np.random.default_rng(0)
    turn = np.linalg.qr(generator.normal(size=(6, 6)))[0]
    inputs = generator.normal(size=(500, 6)) * [3, 2, 0.5, 0.4, 0.3, 0.2] @ turn
    inputs = (inputs - inputs.mean(axis=0)).astype("float32")
    size = {"steps": 400, "batch_size": 256, "learning_rate": 0.03}
    model = train_autoencoder(inputs, 2, activation="linear", **size)
    components = np.linalg.svd(inputs)[2][:2]
    angles = scipy.linalg.subspace_angles(model.get_layer("head").kernel.numpy().T, components.T)
    assert np.degrees(angles.max()) < 2
    lost = inputs - inputs @ components.T @ components
    np.testing.assert_allclose(np.mean((model(inputs).numpy() - inputs) ** 2), np.mean(lost**2), rtol=0.01)


def test_a_denoising_one_returns_its_input():
    inputs = np.eye(8, dtype="float32")[np.random.default_rng(0).integers(8, size=200)]
    model = train_autoencoder(inputs, 16, masked=0.25, steps=200, learning_rate=0.02)
    assert np.mean((model(inputs).numpy() - inputs) ** 2) < 0.3 * inputs.var(axis=0).mean()
    again = train_autoencoder(inputs, 16, masked=0.25, steps=200, learning_rate=0.02)
    np.testing.assert_array_equal(model(inputs), again(inputs))
