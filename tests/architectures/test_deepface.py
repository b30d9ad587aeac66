"""DeepFace: its counts and maps, its outputs against plain numpy, and its representation of unseen faces."""

import keras
import numpy as np
import pytest
from plain_numpy import random_weights

import keras_dl
from keras_dl.architectures.vision.deepface import representation

SMALL = keras_dl.get_config("deepface", filters=(3, 4, 2, 3, 2), units=6, classes=5, input_shape=(71, 74, 3))


@pytest.mark.parametrize(("classes", "count"), [(4030, 118923774), (4000, 118800864), (8631, 137774071)])
def test_counts(classes, count):
    description = keras_dl.describe("deepface", classes=classes)
    assert description.parameters == description.trainable_parameters == count


def test_maps_are_those_of_figure_2():
    layers = {layer.name: layer for layer in keras_dl.describe("deepface").layers}
    names = ("stage1_conv", "stage1_pool", "stage2_conv", "stage3_local", "stage4_local", "stage5_local")
    assert [layers[name].output_shape[0] for name in names] == [142, 71, 63, 55, 25, 21]
    units = sum(np.prod(layers[name].output_shape) for name in names if "local" in name)
    biases = sum(layers[name].links - layers[name].multiply_adds for name in names if "local" in name)
    assert biases == units == 65456


def fields(x, size, stride=1):
    """(height, width, channels) -> (rows, columns, size, size, channels), without a border."""
    rows, columns = ((n - size) // stride + 1 for n in x.shape[:2])
    return np.array([[x[r * stride :, c * stride :][:size, :size] for c in range(columns)] for r in range(rows)])


def test_outputs_are_those_of_the_definition():
    model = SMALL.build()
    weights = {path: value / 4 for path, value in random_weights(model).items()}
    for variable in model.weights:
        variable.assign(weights[variable.path])
    image = np.random.default_rng(1).integers(0, 256, SMALL.input_shape).astype("float32")

    def convolution(x, name):
        kernel, bias = weights[f"{name}/kernel"], weights[f"{name}/bias"]
        return np.maximum(np.tensordot(fields(x, len(kernel)), kernel, 3) + bias, 0)

    def local(x, name, size, stride=1):
        kernel, bias = weights[f"{name}/kernel"], weights[f"{name}/bias"]
        flat = fields(x, size, stride).reshape(*kernel.shape[:2], -1)
        return np.maximum(np.einsum("rcfi,rci->rcf", kernel, flat) + bias, 0)

    x = convolution(image / 127.5 - 1, "stage1_conv")
    x = np.pad(x, ((1, 1), (0, 1), (0, 0)))  # 61x64 pixels, none below 0
    x = fields(x, 3, 2).max(axis=(2, 3))
    x = convolution(x, "stage2_conv")
    x = local(local(local(x, "stage3_local", 9), "stage4_local", 7, 2), "stage5_local", 5)
    x = np.maximum(x.ravel() @ weights["stage6_dense/kernel"] + weights["stage6_dense/bias"], 0)
    expected = x @ weights["head/kernel"] + weights["head/bias"]
    np.testing.assert_allclose(model(image[None])[0], expected, atol=1e-4 * np.abs(expected).max())


def test_representation_is_relative_to_the_training_pictures(tmp_path):
    keras.utils.set_random_seed(1)
    model = SMALL.build()
    generator = np.random.default_rng(0)
    training = generator.integers(0, 256, (7, *SMALL.input_shape)).astype("float32")
    faces = generator.integers(0, 256, (3, *SMALL.input_shape)).astype("float32")
    network = representation(model, (training[:4], training[4:]))
    f7 = keras.Model(model.input, model.get_layer("stage6_dense").output)
    expected = f7.predict(faces, verbose=0) / np.maximum(f7.predict(training, verbose=0).max(axis=0), 0.05)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors = network.predict(faces, verbose=0)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert {variable.path for variable in network.weights} < {variable.path for variable in model.weights}
    network.save(tmp_path / "faces.keras")
    loaded = keras.models.load_model(tmp_path / "faces.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(faces, verbose=0), vectors)


def test_bad_numbers_are_refused():
    with pytest.raises(keras_dl.UsageError, match="input 70x152 is too small for this deepface; use at least 71x71"):
        keras_dl.get_config("deepface", input_shape=(70, 152, 3))
    with pytest.raises(keras_dl.UsageError, match=r"dropout must be at least 0 and below 1, got 1\.0"):
        keras_dl.get_config("deepface", dropout=1.0)
    smallest = SMALL.replace(input_shape=(71, 71, 3)).build()
    assert smallest.get_layer("stage5_local").output.shape == (None, 1, 1, 2)
