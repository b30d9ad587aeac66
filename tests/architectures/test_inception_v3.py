"""Inception v3: its counts, where its stages end, the order of its convolutions, what it refuses."""

import numpy as np
import pytest

import keras_dl
from keras_dl import surgery
from keras_dl.weights import inception_v3 as weights

TINY = {"width_multiplier": 0.05, "classes": 4}


def test_modules_have_the_maps_of_the_authors_code():
    description = keras_dl.describe("inception_v3")
    assert description.trainable_parameters == 23817352
    maps = [layer.output_shape for layer in description.layers if layer.name.count("_") == 2 and "concat" in layer.name]
    sides = [35] * 3 + [17] * 5 + [8] * 3
    filters = [256, 288, 288, 768, 768, 768, 768, 768, 1280, 2048, 2048]
    assert maps == [(side, side, n) for side, n in zip(sides, filters, strict=True)]


def test_stages_are_cut_where_the_resolution_falls():
    maps = surgery.features(keras_dl.build("inception_v3", **TINY)).output
    sides = {stage: tensor.shape[1] for stage, tensor in maps.items()}
    assert sides == {"stem": 147, "stage1": 71, "stage2": 35, "stage3": 17, "stage4": 8}


@pytest.mark.parametrize("modules", [(3, 4, 2), (1, 6, 3)])
def test_every_convolution_has_its_number(modules):
    config = keras_dl.get_config("inception_v3", modules=modules, **TINY)
    layers = [layer.name for layer in config.build().layers if layer.weights]
    numbers = [weights.keras_layer(name, config) for name in layers]
    count = (len(numbers) - 1) // 2
    kinds = ("conv2d", "batch_normalization")
    assert set(numbers) == {"predictions", *(f"{kind}:{i}" for kind in kinds for i in range(count))}
    assert len({weights.torch_module(name, config) for name in layers}) == len(layers)


def test_gains_of_another_networks_normalisation_are_merged():
    generator = np.random.default_rng(0)
    x, kernel = generator.normal(size=(50, 3)), generator.normal(size=(4, 3, 1, 1))
    gain, mean = generator.normal(size=(2, 4))
    tensors = {"a.conv.weight": kernel, "a.bn.weight": gain, "a.bn.running_mean": mean, "AuxLogits.fc.weight": gain}
    merged = weights.torch_tensors(tensors, keras_dl.get_config("inception_v3"))
    assert merged.keys() == {"a.conv.weight", "a.bn.running_mean"}
    ours = x @ merged["a.conv.weight"][:, :, 0, 0].T - merged["a.bn.running_mean"]
    np.testing.assert_allclose(ours, gain * (x @ kernel[:, :, 0, 0].T - mean))


def test_what_cannot_be_built_is_refused():
    model = keras_dl.build("inception_v3", input_shape=(75, 75, 3), **TINY)
    assert model.get_layer("stage4_block3_concat").output.shape[1:3] == (1, 1)
    with pytest.raises(keras_dl.UsageError, match="input 74x99 is too small for this inception_v3; use at least 75x75"):
        keras_dl.get_config("inception_v3", input_shape=(74, 99, 3))
    with pytest.raises(keras_dl.UsageError, match="modules must be at least 1, got 3, 0, 2"):
        keras_dl.get_config("inception_v3", modules=(3, 0, 2))
