"""The variational autoencoder: the definition in plain numpy, its parts, the sizes it is published with."""

import keras
import numpy as np
import pytest
from plain_numpy import random_weights

import keras_dl
from keras_dl.data import Spec

SMALL = keras_dl.get_config("vae", input_shape=(4, 3, 2), units=6, latent_width=3)
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 2)).astype("float32")


def test_outputs_are_those_of_the_definition():
    model = SMALL.build()
    weights = random_weights(model)

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    hidden = np.maximum(0, dense((IMAGES / 255).reshape(5, 24), "encoder_stage1"))
    mean = dense(hidden, "encoder_mean")
    log_variance = dense(hidden, "encoder_log_variance")
    logits = dense(np.maximum(0, dense(mean, "decoder_stage1")), "decoder_head").reshape(5, 4, 3, 2)
    outputs = model(IMAGES)
    assert list(outputs) == ["mean", "log_variance", "image"]
    for name, expected in {
        "mean": mean,
        "log_variance": log_variance,
        "image": logits,
    }.items():
        np.testing.assert_allclose(outputs[name], expected, rtol=1e-4, atol=1e-5)


def test_the_parts_are_models_that_work_by_themselves():
    model = SMALL.build()
    outputs = model(IMAGES)
    code = model.get_layer("encoder")(IMAGES)
    np.testing.assert_array_equal(code["log_variance"], outputs["log_variance"])
    np.testing.assert_array_equal(model.get_layer("decoder")(code["mean"]), outputs["image"])
    parts = [model.get_layer(part).count_params() for part in ("encoder", "decoder")]
    assert sum(parts) == model.count_params()


def test_sizes():
    assert keras_dl.describe("vae").parameters == 652_824
    assert keras_dl.describe("vae", units=500).parameters == 815_824
    assert keras_dl.describe("vae").multiply_adds == 2 * 784 * 400 + 3 * 400 * 20


def test_a_file_keeps_the_parts(tmp_path):
    model = SMALL.build()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for name, expected in model(IMAGES).items():
        np.testing.assert_array_equal(loaded(IMAGES)[name], expected)
    assert [layer.name for layer in loaded.layers] == ["image", "encoder", "decoder"]


def test_it_takes_the_shape_of_pictures_and_refuses_others():
    columns = {"kind": "image", "shape": (28, 20, 1), "classes": 3, "name": "some"}
    assert keras_dl.get_config("vae").for_data(Spec.labelled(**columns)).input_shape == (28, 20, 1)
    with pytest.raises(keras_dl.UsageError, match="pictures are wanted, some is features"):
        keras_dl.get_config("vae").for_data(Spec.labelled(**{**columns, "kind": "features", "shape": (5,)}))
    with pytest.raises(keras_dl.UsageError, match="input_shape must be at least 1, got 0"):
        keras_dl.get_config("vae", input_shape=(0, 4, 1))
