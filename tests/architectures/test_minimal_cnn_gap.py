import numpy as np
import pytest

import keras_dl


@pytest.mark.parametrize(("filters", "kernel", "classes"), [(8, 3, 10), (5, 4, 3)])
def test_count_is_the_formula(filters, kernel, classes):
    description = keras_dl.describe("minimal_cnn_gap", filters=filters, kernel_size=kernel, classes=classes)
    assert description.parameters == filters * (kernel**2 + 1) + (filters + 1) * classes


def test_probabilities_fall_with_the_dense_outputs():
    model = keras_dl.build("minimal_cnn_gap", temperature=2.0, classifier_activation="softmax", input_shape=(6, 7, 1))
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (6, 7, 1))
    kernel, bias, dense, dense_bias = weights = [generator.normal(size=w.shape) for w in model.weights]
    model.set_weights(weights)
    x = image[..., 0] / 127.5 - 1
    average = np.zeros(8)
    for row, column, map_ in np.ndindex(4, 5, 8):
        total = (x[row : row + 3, column : column + 3] * kernel[:, :, 0, map_]).sum() + bias[map_]
        average[map_] += max(total, 0) / 20
    unnormalised = np.exp(-2.0 * (average @ dense + dense_bias))
    outputs = model.predict(image[None].astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(outputs, unnormalised / unnormalised.sum(), rtol=1e-4)


def test_bad_numbers_are_refused():
    for changes, message in (
        ({"kernel_size": 0}, "kernel_size must be at least 1, got 0"),
        ({"temperature": -1.0}, "temperature must be above 0 and finite, got -1.0"),
        ({"kernel_size": 9, "input_shape": (8, 8, 1)}, "input 8x8 is too small for this minimal_cnn_gap"),
    ):
        with pytest.raises(keras_dl.UsageError, match=message):
            keras_dl.get_config("minimal_cnn_gap", **changes)
