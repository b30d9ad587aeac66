"""Autoencoders: the definition in plain numpy, their parts, the sizes they are published with."""

import numpy as np
import pytest
from plain_numpy import random_weights
from scipy.special import expit

import keras_dl
from keras_dl.data import Spec

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 2)).astype("float32")


def test_outputs_are_those_of_the_definition():
    size = {"input_shape": (4, 3, 2), "hidden": (8, 6), "latent_width": 3}
    model = keras_dl.get_config("deep_autoencoder", **size).build()
    w = random_weights(model)

    def dense(x, name):
        return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]

    x = IMAGES.reshape(5, 24) / 255
    for stage in (1, 2):
        x = expit(dense(x, f"encoder_stage{stage}"))
    code = x = dense(x, "encoder_code")
    for stage in (1, 2):
        x = expit(dense(x, f"decoder_stage{stage}"))
    pixels = 255 * expit(dense(x, "decoder_head")).reshape(5, 4, 3, 2)
    np.testing.assert_allclose(model.get_layer("encoder")(IMAGES), code, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model(IMAGES), pixels, rtol=1e-4, atol=1e-3)


def test_the_plain_one_has_a_rectified_code():
    model = keras_dl.get_config("autoencoder", input_shape=(6,), latent_width=40).build()
    random_weights(model)
    code = model.get_layer("encoder")(np.random.default_rng(0).normal(size=(9, 6)))
    assert np.min(code) == 0 and np.max(code) > 0


def test_sizes():
    assert keras_dl.describe("autoencoder").parameters == 50_992
    assert keras_dl.describe("deep_autoencoder").parameters == 2_837_314
    assert keras_dl.describe("stacked_denoising_autoencoder").parameters == 2_797_010


@pytest.mark.parametrize("name", ["autoencoder", "stacked_denoising_autoencoder", "rbm", "dbn"])
def test_they_take_pictures_and_features_as_they_are(name):
    for kind, shape in (("image", (9, 8, 1)), ("features", (5,))):
        spec = Spec.labelled(name="some", kind=kind, shape=shape, classes=3)
        config = keras_dl.get_config(name).for_data(spec)
        assert config.input_shape == shape
        assert getattr(config, "classes", 3) == 3
        assert config.build().inputs[0].name == kind
    with pytest.raises(keras_dl.UsageError, match="text"):
        keras_dl.get_config(name).for_data(Spec.labelled(name="some", kind="text", shape=(), classes=3))


def test_a_stack_is_a_chain_of_logistic_layers():
    size = {"input_shape": (4, 3, 2), "units": (8, 6), "classes": 3}
    model = keras_dl.get_config("stacked_denoising_autoencoder", **size).build()
    w, x = random_weights(model), IMAGES.reshape(5, 24) / 255
    for stage in (1, 2):
        x = expit(x @ w[f"stage{stage}/kernel"] + w[f"stage{stage}/bias"])
    np.testing.assert_allclose(model(IMAGES), x @ w["head/kernel"] + w["head/bias"], rtol=1e-4, atol=1e-5)
