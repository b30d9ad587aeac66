"""CycleGAN: sizes, shapes layer by layer, what the parts are, starting values, what is refused."""

import keras
import numpy as np
import pytest

import keras_dl
from keras_dl.data import Spec
from keras_dl.layers import ReflectionPadding2D

SMALL = keras_dl.get_config("cyclegan", input_shape=(8, 12, 2), filters=4, blocks=1, halvings=1)
PARTS = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")
IMAGES = {
    f"image_{kind}": np.random.default_rng(place).integers(0, 256, (2, 8, 12, 2)).astype("float32")
    for place, kind in enumerate("ab")
}


def test_sizes_are_those_of_the_authors_code():
    with keras.StatelessScope(initialize_variables=False):
        model = keras_dl.get_config("cyclegan").build()
        counts = [model.get_layer(part).count_params() for part in PARTS]
        six = keras_dl.get_config("cyclegan", blocks=6).build().get_layer("generator_ab").count_params()
    assert counts == [11_378_179] * 2 + [2_764_737] * 2 and six == 7_837_699
    assert keras_dl.describe("cyclegan").parameters == 28_285_832


def test_maps_are_quartered_and_restored():
    with keras.StatelessScope(initialize_variables=False):
        model = keras_dl.get_config("cyclegan").build()
    outputs = {layer.name: layer.output.shape[1:] for part in PARTS for layer in model.get_layer(part).layers}
    assert outputs["generator_ab_down2_activation"] == (64, 64, 256)
    assert outputs["generator_ab_block9_add"] == (64, 64, 256)
    assert outputs["generator_ba_up2_activation"] == (256, 256, 64)
    assert outputs["generator_ba_pixels"] == (256, 256, 3)
    assert outputs["discriminator_a_stage4_activation"] == (31, 31, 512)
    assert outputs["discriminator_b_head"] == (30, 30, 1)
    assert not any(name.startswith("discriminator_a_stage1_norm") for name in outputs)


def test_the_network_translates_both_ways_and_judges_both():
    keras.utils.set_random_seed(0)
    model = SMALL.build()
    there, back, first, second = (model.get_layer(part) for part in PARTS)
    outputs = model(IMAGES)
    np.testing.assert_array_equal(outputs["image_b"], there(IMAGES["image_a"]))
    np.testing.assert_array_equal(outputs["image_a"], back(IMAGES["image_b"]))
    np.testing.assert_array_equal(outputs["real_a"], first(outputs["image_a"]))
    np.testing.assert_array_equal(outputs["real_b"], second(outputs["image_b"]))
    assert np.any(there(IMAGES["image_a"]) != back(IMAGES["image_a"]))


def test_borders_are_mirrored():
    picture = np.arange(12.0).reshape(1, 3, 4, 1)
    padded = ReflectionPadding2D(2)(picture)
    np.testing.assert_array_equal(padded[0, ..., 0], np.pad(picture[0, ..., 0], 2, mode="reflect"))
    assert ReflectionPadding2D(2).compute_output_shape((None, 3, 4, 1)) == (None, *padded.shape[1:])


def test_normalised_maps_have_no_weights_and_kernels_start_small():
    keras.utils.set_random_seed(0)
    model = keras_dl.build("cyclegan", input_shape=(24, 24, 3), filters=16, blocks=2)
    names = {variable.name for variable in model.weights}
    assert names == {"kernel", "bias"}
    kernels = np.concatenate([one.numpy().ravel() for one in model.weights if one.name == "kernel"])
    assert kernels.mean() == pytest.approx(0, abs=1e-4) and kernels.std() == pytest.approx(0.02, rel=0.01)


@pytest.mark.parametrize(("shape", "expected"), [((64, 64, 3), (64, 64, 3)), ((29, 30, 1), (28, 32, 1))])
def test_data_are_brought_to_multiples_of_four(shape, expected):
    spec = Spec.labelled(name="some", kind="image", shape=shape, classes=2)
    assert keras_dl.get_config("cyclegan").for_data(spec).input_shape == expected


def test_what_cannot_be_built_is_refused():
    with pytest.raises(keras_dl.UsageError, match="20x24 .*sides are multiples of 4; use at least 24x24"):
        keras_dl.get_config("cyclegan", input_shape=(20, 24, 3))
    with pytest.raises(keras_dl.UsageError, match="30x32 .*of 1 halvings.*sides are multiples of 4; use at least 8x8"):
        keras_dl.get_config("cyclegan", input_shape=(30, 32, 3), halvings=1)


def test_a_file_keeps_the_parts(tmp_path):
    model = SMALL.build()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for name, expected in model(IMAGES).items():
        np.testing.assert_array_equal(loaded(IMAGES)[name], expected)
