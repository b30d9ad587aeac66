"""LeNet-5 of 1998: the published counts of every layer, and the outputs against loops over the paper's formulas."""

import numpy as np
import pytest

import keras_dl
from keras_dl.architectures.vision.lenet5_1998 import codes

TABLE_I = (  # LeCun et al. 1998: a row for each map of S2, a column for each map of C3
    "#...###..####.##",
    "##...###..####.#",
    "###...###..#.###",
    ".###..####..#.##",
    "..###..####.##.#",
    "...###..####.###",
)


def test_counts_are_the_published_ones():
    description = keras_dl.describe("lenet5_1998")
    assert description.parameters == 60840
    assert description.trainable_parameters == 60000
    assert description.links == 340908
    layers = {layer.name: (layer.trainable_parameters, layer.links) for layer in description.layers if layer.parameters}
    assert layers == {
        "stage1_c1": (156, 122304),
        "stage1_s2": (12, 5880),
        "stage2_c3": (1516, 151600),
        "stage2_s4": (32, 2000),
        "stage3_c5": (48120, 48120),
        "stage3_f6": (10164, 10164),
        "head": (0, 840),
    }


def squash(a):
    return 1.7159 * np.tanh(2 / 3 * a)


def maps(x, kernel, bias, sees):
    """C1 or C3: `x` (height, width, maps); 5x5 weights for each connection, map after map."""
    y = np.zeros((x.shape[0] - 4, x.shape[1] - 4, len(bias)))
    for row, column in np.ndindex(y.shape[:2]):
        connection = 0
        for map_, channels in enumerate(sees):
            total = bias[map_]
            for channel in channels:
                total += (kernel[:, :, connection] * x[row : row + 5, column : column + 5, channel]).sum()
                connection += 1
            y[row, column, map_] = squash(total)
    return y


def subsampled(x, gain, bias):
    y = np.zeros((x.shape[0] // 2, x.shape[1] // 2, x.shape[2]))
    for row, column in np.ndindex(y.shape[:2]):
        y[row, column] = squash(gain * x[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].sum(axis=(0, 1)) + bias)
    return y


def test_outputs_are_those_of_the_definition():
    model = keras_dl.build("lenet5_1998")
    generator = np.random.default_rng(0)
    weights = [generator.normal(size=w.shape) / 8 if w.trainable else w.numpy() for w in model.weights]
    model.set_weights(weights)
    c1, c1_bias, s2, s2_bias, c3, c3_bias, s4, s4_bias, c5, c5_bias, f6, f6_bias, rbf = weights
    image = generator.integers(0, 256, (32, 32, 1))
    x = maps(image / 255 * 1.275 - 0.1, c1[:, :, 0, :], c1_bias, [[0]] * 6)
    x = subsampled(x, s2, s2_bias)
    x = maps(x, c3, c3_bias, [[s for s in range(6) if TABLE_I[s][c] == "#"] for c in range(16)])
    x = subsampled(x, s4, s4_bias)
    x = squash(squash(x.ravel() @ c5 + c5_bias) @ f6 + f6_bias)
    expected = -np.square(x - rbf).sum(axis=1)
    outputs = model.predict(image[None].astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(outputs, expected, rtol=1e-4)


def test_codes_are_ten_different_drawings_in_ink_and_paper():
    bitmaps = np.array(codes())
    assert bitmaps.shape == (10, 84) and set(bitmaps.ravel()) == {-1, 1}
    distances = (bitmaps[:, None] != bitmaps).sum(axis=-1)
    assert distances[~np.eye(10, dtype=bool)].min() >= 10
    one = bitmaps[1].reshape(12, 7)
    assert (one[:, 3] == 1).all() and (one[3:10, [0, 1, 2, 5, 6]] == -1).all()


def test_classes_other_than_the_ten_digits_are_refused():
    with pytest.raises(keras_dl.UsageError, match="so classes must be 10, got 12; use lenet5_modern"):
        keras_dl.get_config("lenet5_1998", classes=12)
