"""EfficientNet: counts of B0 to B7, scaling, drop rates, and the normalisation that published files bring."""

import numpy as np
import pytest

import keras_dl
from keras_dl import surgery
from keras_dl.weights import efficientnet as files

TRAINABLE = {
    "efficientnet_b0": 5288548,
    "efficientnet_b1": 7794184,
    "efficientnet_b2": 9109994,
    "efficientnet_b3": 12233232,
    "efficientnet_b4": 19341616,
    "efficientnet_b5": 30389784,
    "efficientnet_b6": 43040704,
    "efficientnet_b7": 66347960,
}


@pytest.mark.parametrize("name", TRAINABLE)
def test_trainable_counts(name):
    assert keras_dl.describe(name).trainable_parameters == TRAINABLE[name]


def test_repeats_are_rounded_up_and_filters_to_multiples_of_8():
    rows = keras_dl.get_config("efficientnet_b3").rows()
    assert [(row.filters, row.repeats) for row in rows] == [
        *((24, 2), (32, 3), (48, 3), (96, 5), (136, 5), (232, 6), (384, 2))
    ]
    config = keras_dl.get_config("efficientnet_b3")
    assert (config.stem_filters, config.last_filters) == (40, 1536)


def test_stages_end_where_the_resolution_falls():
    model = keras_dl.build("efficientnet_b0", input_shape=(64, 64, 3), classes=10)
    strides = {"stem": 2, "stage1": 2, "stage2": 4, "stage3": 8, "stage4": 16, "stage5": 32, "stage6": 32}
    assert surgery.strides(model) == strides
    channels = {name: tensor.shape[-1] for name, tensor in surgery.features(model).output.items()}
    assert channels == dict(zip(strides, (32, 16, 24, 40, 112, 320, 1280), strict=True))


def test_squeezes_to_a_quarter_of_the_inputs_of_the_block_and_drops_more_later():
    model = keras_dl.build("efficientnet_b0", input_shape=(32, 32, 3), classes=10)
    assert model.get_layer("stage2_block1_squeeze_reduce").filters == 16 // 4
    assert model.get_layer("stage4_block1_squeeze_reduce").filters == 40 // 4
    plan = keras_dl.get_config("efficientnet_b0").plan()
    rates = {block.name: 0.2 * index / 16 for index, block in enumerate(plan) if block.place > 0}
    drops = {layer.name.removesuffix("_drop"): layer for layer in model.layers if layer.name.endswith("_drop")}
    assert {name: layer.rate for name, layer in drops.items()} == pytest.approx(rates)
    assert {layer.noise_shape for layer in drops.values()} == {(None, 1, 1, 1)}, "a whole example skips the block"


def test_pixels_are_normalised_by_weights():
    model = keras_dl.build("efficientnet_b0", input_shape=(32, 32, 3), classes=10)
    layer = model.get_layer("stem_normalization")
    assert sum(weight.size for weight in layer.get_weights()) == 7 and not layer.trainable_weights
    image = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype("float32")
    plain = model.predict(image, verbose=0)
    layer.set_weights([np.full(3, 0.5), np.full(3, 0.25), np.array(0)])
    np.testing.assert_allclose(model.predict(255 * (image / 255 * 0.5 + 0.5), verbose=0), plain, rtol=1e-3, atol=1e-5)


def test_published_files_hold_the_deviation_in_place_of_the_variance():
    published = [np.float32(files.MEAN), np.float32(files.DEVIATION), np.int64(0)]
    arrays = files.keras_tensors({"normalization_1": published, "stem_conv": []}, None)
    np.testing.assert_allclose(np.sqrt(arrays["normalization"][1]), files.DEVIATION)
    own = [np.float32(files.MEAN), np.float32([1, 2, 3]), np.int64(0)]
    np.testing.assert_array_equal(files.keras_tensors({"normalization": own}, None)["normalization"][1], [1, 2, 3])
