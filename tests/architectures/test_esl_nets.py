"""Net-1 to Net-5: the published counts, and the outputs against loops over every unit."""

import numpy as np
import pytest

import keras_dl

COUNTS = {  # weights, links: "The Elements of Statistical Learning", table 11.1
    "esl_net1": (2570, 2570),
    "esl_net2": (3214, 3214),
    "esl_net3": (1226, 1226),
    "esl_net4": (1132, 2266),
    "esl_net5": (1060, 5194),
}


@pytest.mark.parametrize("name", COUNTS)
def test_weights_and_links(name):
    description = keras_dl.describe(name)
    assert (description.trainable_parameters, description.links) == COUNTS[name]
    assert description.parameters == description.trainable_parameters


def fields(x, kernel, bias, size, kind):
    """One hidden layer: every second unit is a centre, the background is -1. `x` (height, width, maps)."""
    rows, columns, maps = bias.shape
    y = np.zeros(bias.shape)
    for row, column, map_ in np.ndindex(rows, columns, maps):
        total = bias[row, column, map_]
        for i, j, channel in np.ndindex(size, size, x.shape[2]):
            a, b = 2 * row + i - size // 2, 2 * column + j - size // 2
            state = x[a, b, channel] if 0 <= a < x.shape[0] and 0 <= b < x.shape[1] else -1.0
            if kind == "local":
                total += kernel[row, column, map_].reshape(size, size, -1)[i, j, channel] * state
            else:
                total += kernel[i, j, channel, map_] * state
        y[row, column, map_] = np.tanh(total)
    return y


@pytest.mark.parametrize("name", COUNTS)
def test_outputs_are_those_of_the_definition(name):
    model = keras_dl.build(name)
    generator = np.random.default_rng(0)
    model.set_weights([generator.normal(size=weight.shape) / 3 for weight in model.weights])
    weights = {variable.path: variable.numpy() for variable in model.weights}
    image = generator.integers(0, 256, (16, 16, 1))
    x = image / 127.5 - 1
    for index, kind in enumerate(keras_dl.get_config(name).connectivity, start=1):
        kernel, bias = weights[f"stage{index}_{kind}/kernel"], weights[f"stage{index}_{kind}/bias"]
        dense = kind == "dense"
        x = np.tanh(x.ravel() @ kernel + bias) if dense else fields(x, kernel, bias, 2 * index + 1, kind)
    expected = 1 / (1 + np.exp(-(x.ravel() @ weights["head/kernel"] + weights["head/bias"])))
    np.testing.assert_allclose(model.predict(image[None].astype("float32"), verbose=0)[0], expected, atol=1e-5)


def test_other_networks_are_refused_in_one_line():
    for changes, message in (
        ({"connectivity": ("dense", "local"), "maps": (3, 3)}, "a dense one last, got dense, local"),
        ({"connectivity": ("local",) * 3, "maps": (1, 1, 1)}, "up to two hidden layers"),
        ({"maps": (2,)}, "a number for each of the 2 hidden layers, got"),
        ({"connectivity": ("shard", "local")}, "did you mean shared"),
    ):
        with pytest.raises(keras_dl.UsageError, match=message):
            keras_dl.get_config("esl_net5", **changes)
