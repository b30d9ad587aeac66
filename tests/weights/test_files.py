"""Files of weights are read name by name: what is missing, left over, misshapen or cut off is named."""

from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.numpy
from small_files import write_h5

import keras_dl
from keras_dl import UsageError
from keras_dl.weights import keras_files, load, torch_files

CONFIG = keras_dl.get_config("lenet5_modern")


def torch_module(path, config):
    return f"net.{path}"


FAMILY = SimpleNamespace(keras_layer=lambda name, config: f"their_{name}", torch_module=torch_module)


@pytest.fixture(scope="module")
def model():
    return CONFIG.build()


def keras_file(model, path, change=lambda layers: None):
    layers = {f"their_{layer.name}": layer.get_weights() for layer in model.layers if layer.weights}
    change(layers)
    return write_h5(layers, path)


def torch_file(model, path, change=lambda tensors: None):
    tensors = {"net.stage1_norm.num_batches_tracked": np.array(3)}
    for layer in model.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            axes = (3, 2, 0, 1) if kernel.ndim == 4 else (1, 0)
            if layer.name == "stage3_dense":  # 5x5 maps of 16 channels, flattened: torch has the channels first
                kernel = kernel.reshape(5, 5, 16, -1).transpose(2, 0, 1, 3).reshape(400, -1)
            tensors |= {f"net.{layer.name}.weight": kernel.transpose(axes), f"net.{layer.name}.bias": bias}
    change(tensors)
    safetensors.numpy.save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, path)
    return path


READERS = pytest.mark.parametrize(
    ("reader", "write", "suffix"), [(keras_files, keras_file, "h5"), (torch_files, torch_file, "safetensors")]
)


@READERS
def test_every_value_finds_its_variable(model, tmp_path, reader, write, suffix):
    values = reader.read(write(model, tmp_path / f"net.{suffix}"), CONFIG.build(), CONFIG, FAMILY)
    assert values.keys() == {variable.path for variable in model.weights}
    for variable in model.weights:
        np.testing.assert_array_equal(values[variable.path], variable.numpy())


@READERS
def test_a_file_that_was_cut_off_is_refused(model, tmp_path, reader, write, suffix):
    path = write(model, tmp_path / f"net.{suffix}")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UsageError, match=f"net.{suffix} is not a whole"):
        reader.read(path, model, CONFIG, FAMILY)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda layers: layers.pop("their_head"), "lacks the layer their_head, our head"),
        (lambda layers: layers.update(other=[np.zeros(3)]), "has layers that lenet has not: other"),
        (lambda layers: layers["their_head"].pop(), r"their_head has shapes \[\(84, 10\)\], our head has"),
        (lambda layers: layers.update(their_head=[np.zeros((84, 5)), np.zeros(5)]), r"\(84, 5\).*\(84, 10\)"),
    ],
)
def test_layers_that_do_not_fit_are_named(model, tmp_path, change, message):
    with pytest.raises(UsageError, match=message):
        keras_files.read(keras_file(model, tmp_path / "net.h5", change), model, CONFIG, FAMILY)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("net.head.bias"), "lacks the tensor net.head.bias, our head/bias"),
        (lambda tensors: tensors.update({"fc.weight": np.zeros(3)}), "has tensors that lenet has not: fc.weight"),
        (lambda tensors: tensors.update({"net.head.bias": np.zeros(5)}), r"\(5,\), our head/bias has \(10,\)"),
        (lambda tensors: tensors.update({"net.head.weight": np.zeros((84, 10))}), r"\(84, 10\), our head/kernel"),
    ],
)
def test_tensors_that_do_not_fit_are_named(model, tmp_path, change, message):
    with pytest.raises(UsageError, match=message):
        torch_files.read(torch_file(model, tmp_path / "net.safetensors", change), model, CONFIG, FAMILY)


def test_layers_that_keras_numbered_are_counted_from_zero(model, tmp_path):
    def number(layers):
        for index, name in enumerate(["their_stage1_conv1", "their_stage2_conv1"]):
            layers[f"conv2d_{9 + index}"] = layers.pop(name)

    family = SimpleNamespace(
        keras_layer=lambda name, config: {"stage1_conv1": "conv2d:0", "stage2_conv1": "conv2d:1"}.get(
            name, f"their_{name}"
        )
    )
    values = keras_files.read(keras_file(model, tmp_path / "net.h5", number), model, CONFIG, family)
    np.testing.assert_array_equal(values["stage2_conv1/kernel"], model.get_layer("stage2_conv1").kernel.numpy())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.h5", "no file .*missing.h5"),
        ("resnet50.zip", r"resnet50.zip: weights of the family resnet are read from .h5 and .safetensors files"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path, name, message):
    (tmp_path / "resnet50.zip").touch()
    config = keras_dl.get_config("resnet50")
    with pytest.raises(UsageError, match=message):
        load(None, config, tmp_path / name)


def test_a_layout_that_nobody_has_published_is_refused(tmp_path):
    (tmp_path / "tinynet.h5").touch()
    with pytest.raises(UsageError, match="weights of the family tinynet are read from .safetensors files"):
        load(None, keras_dl.get_config("tinynet_a"), tmp_path / "tinynet.h5")


def test_families_that_nobody_has_published_are_refused(model):
    with pytest.raises(UsageError, match="no published weights of the family lenet are known"):
        load(model, CONFIG, "net.h5")
