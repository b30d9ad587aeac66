"""A file by its path starts a network: in its colours, with other classes or another input, or not at all."""

import numpy as np
import pytest
import safetensors.numpy
from small_files import KERAS, TORCH, layers_of, tensors_of, write_h5

import keras_dl
from keras_dl import UsageError
from keras_dl.architectures.vision import CAFFE


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A model of each layout and its file."""
    folder = tmp_path_factory.mktemp("files")
    keras_model, torch_model = KERAS.build(), TORCH.build()
    safetensors.numpy.save_file(tensors_of(torch_model), folder / "net.safetensors")
    h5 = write_h5(layers_of(keras_model), folder / "net.h5")
    return {"h5": (KERAS, keras_model, h5), "safetensors": (TORCH, torch_model, folder / "net.safetensors")}


def kernel(model, layer="stem_conv"):
    return model.get_layer(layer).kernel.numpy()


def test_caffe_saw_blue_first_and_torch_red(files):
    for layout, step in (("h5", -1), ("safetensors", 1)):
        config, model, path = files[layout]
        ours = keras_dl.build(config, weights=path)
        np.testing.assert_array_equal(kernel(ours), kernel(model)[:, :, ::step])
        np.testing.assert_array_equal(kernel(ours, "head"), kernel(model, "head"))


@pytest.mark.parametrize("layout", ["h5", "safetensors"])
def test_other_classes_and_inputs(files, layout):
    config, model, path = files[layout]
    same = keras_dl.build(config, weights=str(path))
    other = keras_dl.build(config, weights=path, classes=7, input_shape=(40, 24, 3), classifier_activation="softmax")
    assert (other.input_shape, other.output_shape) == ((None, 40, 24, 3), (None, 7))
    for layer in model.layers:
        if layer.weights and layer.name != "head":
            for ours, theirs in zip(
                other.get_layer(layer.name).weights, same.get_layer(layer.name).weights, strict=True
            ):
                np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_a_file_for_other_pixels_is_refused(files):
    message = r"^net.safetensors was trained for other pixels than those of .h5 files; set pixel_scale=\(0.0171"
    with pytest.raises(UsageError, match=message):
        keras_dl.build(TORCH, weights=files["safetensors"][2], **CAFFE)


def test_a_file_of_another_network_is_refused(files):
    with pytest.raises(UsageError, match=r"net.h5: the layer conv1_conv has shapes .*, our stem_conv has"):
        keras_dl.build(KERAS, weights=files["h5"][2], filters=5)
    with pytest.raises(UsageError, match="net.safetensors lacks the tensor layer1.1.conv1.weight"):
        keras_dl.build(TORCH, weights=files["safetensors"][2], blocks=(2, 1, 1, 1), classes=7)


def test_half_precision_and_double_are_read(files, tmp_path):
    tensors = {name: tensor.astype("float16") for name, tensor in tensors_of(files["safetensors"][1]).items()}
    tensors["fc.bias"] = np.array([0.5, -0.25, 0.125])
    tensors["bn1.num_batches_tracked"] = np.array(3)
    safetensors.numpy.save_file(tensors, tmp_path / "net.safetensors")
    model = keras_dl.build(TORCH, weights=tmp_path / "net.safetensors")
    assert kernel(model).dtype == "float32"
    np.testing.assert_array_equal(model.get_layer("head").bias.numpy(), np.float32([0.5, -0.25, 0.125]))
