"""What Keras needs is checked before it is imported."""

import contextlib
import importlib.metadata
import os
import subprocess
import sys

import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError, lazy
from keras_dl.data import load
from keras_dl.lazy import keras
from keras_dl.training import Options, build, fit

CONFIG = keras_dl.get_config("resnet20", input_shape=(8, 8, 1), classes=10, blocks=1, filters=4)
IMPORT = """
from keras_dl import UsageError
from keras_dl.lazy import keras
try:
    keras.backend.backend()
except UsageError as error:
    print(error)
"""


def test_a_keras_with_known_holes_is_refused(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "3.9.2")
    with pytest.raises(UsageError, match=r"needs keras >= 3.15.1 \(security fixes\), found 3.9.2"):
        lazy._import("keras")


def test_a_backend_that_is_not_installed_is_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(UsageError, match="needs torch, which is not installed; set KERAS_BACKEND=tensorflow"):
        lazy._import("keras")


@pytest.mark.parametrize("settings", ['{"floatx": "int8"}', "[1]", '{"backend": "abacus"}'])
def test_settings_that_keras_cannot_use_are_named(tmp_path, settings):
    (tmp_path / "keras.json").write_text(settings)
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    environment["KERAS_HOME"] = str(tmp_path)
    done = subprocess.run([sys.executable, "-c", IMPORT], env=environment, capture_output=True, text=True)
    assert done.stdout.startswith(f"Keras cannot use the settings in {tmp_path}/keras.json: ")
    assert done.stdout.count("\n") == 1


@contextlib.contextmanager
def odd_settings():
    """What a keras.json could say, and what Keras comes with afterwards."""
    before = keras.config.dtype_policy()
    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float16")
    keras.config.set_epsilon(1e-2)
    keras.config.set_dtype_policy("float16")
    try:
        yield
    finally:
        keras.config.set_image_data_format("channels_last")
        keras.config.set_floatx("float32")
        keras.config.set_epsilon(1e-7)
        keras.config.set_dtype_policy(before)


def test_channels_are_last_whatever_a_program_has_set():
    with odd_settings():
        model = keras_dl.build("resnet20", blocks=1, filters=4)
        assert model.get_layer("stem_conv").data_format == "channels_last"
        assert keras.config.image_data_format() == "channels_first"
        assert keras_dl.load("lenet5_mnist").input_shape == (None, 28, 28, 1)
        assert keras.layers.Conv2D(1, 1).data_format == "channels_first"


def test_training_is_the_same_whatever_a_program_has_set(tmp_path):
    data, options = load("digits"), Options(epochs=1, batch_size=256, optimizer="adagrad")

    def trained(folder):
        model = build(CONFIG, options)
        fit(model, CONFIG, data, options, folder, verbose=0)
        return model.get_weights()

    expected = trained(tmp_path / "plain")
    with odd_settings():
        found = trained(tmp_path / "odd")
        settings = keras.config.image_data_format(), keras.config.floatx(), keras.config.epsilon()
        assert settings == ("channels_first", "float16", 1e-2)
        assert keras.config.dtype_policy().name == "float16"
    for weight, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(weight, other)
