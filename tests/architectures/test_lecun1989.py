"""The zip code network: the published counts, and the outputs against loops over every unit."""

import numpy as np
import pytest

import keras_dl


@pytest.mark.parametrize("name", ["lecun1989_zip", "lecun1989_modern"])
def test_counts_are_the_published_ones(name):
    description = keras_dl.describe(name)
    assert (description.parameters, description.links, description.multiply_adds) == (9760, 64660, 63660)
    layers = {layer.name: (layer.parameters, layer.links) for layer in description.layers if layer.parameters}
    assert layers == {
        "stage1_h1": (1068, 19968),
        "stage2_h2": (2592, 38592),
        "stage3_h3": (5790, 5790),
        "head": (310, 310),
    }


def maps(x, kernel, bias, sees, squash):
    """H1 or H2, `x` (height, width, maps). `kernel` has 5x5 weights for each connection, map after map."""
    y = np.zeros(bias.shape)
    for row, column in np.ndindex(bias.shape[:2]):
        connection = 0
        for map_, channels in enumerate(sees):
            total = bias[row, column, map_]
            for channel in channels:
                for i, j in np.ndindex(5, 5):
                    a, b = 2 * row + i - 2, 2 * column + j - 2
                    inside = 0 <= a < x.shape[0] and 0 <= b < x.shape[1]
                    total += kernel[i, j, connection] * (x[a, b, channel] if inside else -1.0)
                connection += 1
            y[row, column, map_] = squash(total)
    return y


@pytest.mark.parametrize("name", ["lecun1989_zip", "lecun1989_modern"])
def test_outputs_are_those_of_the_definition(name):
    model = keras_dl.build(name)
    generator = np.random.default_rng(0)
    model.set_weights([generator.normal(size=weight.shape) / 5 for weight in model.weights])
    h1, h1_bias, h2, h2_bias, h3, h3_bias, head, head_bias = model.get_weights()
    squash = np.tanh if name == "lecun1989_zip" else lambda value: np.maximum(value, 0)
    image = generator.integers(0, 256, (16, 16, 1))
    groups = [*range(8)], [*range(4, 12)], [*range(4), *range(8, 12)]
    x = maps(image / 127.5 - 1, h1[:, :, 0, :], h1_bias, [[0]] * 12, squash)
    x = maps(x, h2, h2_bias, [groups[map_ // 4] for map_ in range(12)], squash)
    x = squash(x.ravel() @ h3 + h3_bias) @ head + head_bias
    expected = np.tanh(x) if name == "lecun1989_zip" else x
    outputs = model.predict(image[None].astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)


def test_weights_start_as_in_the_reproduction():
    model = keras_dl.build("lecun1989_zip")
    for layer, fan_in in (("stage1_h1", 25), ("stage2_h2", 200), ("stage3_h3", 192), ("head", 30)):
        kernel, bias = model.get_layer(layer).get_weights()
        assert np.abs(kernel).max() <= 2.4 / fan_in**0.5 < 1.15 * np.abs(kernel).max()
        assert (bias == (-1 if layer == "head" else 0)).all()
    assert not keras_dl.build("lecun1989_modern").get_layer("head").bias.numpy().any()


def test_dropout_goes_where_it_is_asked():
    def order(model):
        return [layer.name for layer in model.layers if layer.name.endswith(("dropout", "h3", "head"))]

    assert order(keras_dl.build("lecun1989_zip")) == ["stage3_h3", "head"]
    assert order(keras_dl.build("lecun1989_modern")) == ["stage3_dropout", "stage3_h3", "head"]
    assert order(keras_dl.build("lecun1989_modern", dropout_after="h3")) == ["stage3_h3", "head_dropout", "head"]


def test_maps_that_make_no_thirds_are_refused():
    with pytest.raises(keras_dl.UsageError, match="h2_maps must be a multiple of 3, got 8"):
        keras_dl.get_config("lecun1989_zip", h2_maps=8)
    config = keras_dl.get_config("lecun1989_zip").scaled(width=0.4)
    assert (config.h1_maps, config.h2_maps, config.h3_units) == (6, 6, 12)
    assert config.h2_table == ((0, 1, 2, 3), (0, 1, 2, 3), (2, 3, 4, 5), (2, 3, 4, 5), (0, 1, 4, 5), (0, 1, 4, 5))
