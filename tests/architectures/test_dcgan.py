"""DCGAN: sizes, shapes stage by stage, pixels in and out, starting values, what is refused."""

import keras
import numpy as np
import pytest

import keras_dl
from keras_dl.data import Spec

SMALL = keras_dl.get_config("dcgan", input_shape=(16, 16, 2), latent_width=5, filters=4)
NOISE = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")


def parts(model):
    return model.get_layer("generator"), model.get_layer("discriminator")


def test_sizes_are_those_of_the_reference():
    with keras.StatelessScope(initialize_variables=False):
        generator, discriminator = parts(keras_dl.get_config("dcgan").build())
        counts = [
            sum(int(np.prod(weight.shape)) for weight in weights)
            for part in (generator, discriminator)
            for weights in (part.trainable_weights, part.weights)
        ]
    assert counts == [3_576_704, 3_578_624, 2_765_568, 2_767_360]
    described = keras_dl.describe("dcgan")
    assert (described.trainable_parameters, described.parameters) == (6_342_272, 6_345_984)
    transposed = 100 * 512 * 16 + 16 * (512 * 256 * 16 + 4 * 256 * 128 * 16 + 16 * 128 * 64 * 16 + 64 * 64 * 3 * 16)
    forward = 1024 * 3 * 64 * 16 + 256 * 64 * 128 * 16 + 64 * 128 * 256 * 16 + 16 * 256 * 512 * 16 + 512 * 16
    assert described.multiply_adds == transposed + forward


def test_maps_double_and_halve_between_noise_and_picture():
    generator, discriminator = parts(SMALL.build())
    outputs = {layer.name: layer.output.shape[1:] for part in (generator, discriminator) for layer in part.layers}
    assert outputs["generator_stage1_deconv"] == (4, 4, 8)
    assert outputs["generator_stage2_deconv"] == (8, 8, 4)
    assert outputs["generator_head"] == outputs["generator_pixels"] == (16, 16, 2)
    assert outputs["discriminator_stage1_conv"] == (8, 8, 4)
    assert outputs["discriminator_stage2_conv"] == (4, 4, 8)
    assert outputs["discriminator_head"] == (1, 1, 1)
    assert outputs["discriminator_logit"] == (1,)
    norms = [name for name in outputs if name.endswith("norm")]
    assert norms == ["generator_stage1_norm", "generator_stage2_norm", "discriminator_stage2_norm"]


def test_the_network_is_its_generator_judged_by_its_discriminator():
    keras.utils.set_random_seed(0)
    model = SMALL.build()
    generator, discriminator = parts(model)
    outputs = model(NOISE)
    np.testing.assert_array_equal(outputs["image"], generator(NOISE))
    np.testing.assert_array_equal(outputs["real"], discriminator(generator(NOISE)))
    head = generator.get_layer("generator_head")
    head.kernel.assign(head.kernel * 1e7)
    pixels = generator(NOISE).numpy()
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_the_discriminator_sees_pixels_between_minus_one_and_one():
    _, discriminator = parts(SMALL.build())
    seen = keras.Model(discriminator.input, discriminator.get_layer("discriminator_normalization").output)
    np.testing.assert_allclose(seen(np.full((1, 16, 16, 2), 255.0))[0, 0, 0], 1, atol=1e-6)
    np.testing.assert_allclose(seen(np.zeros((1, 16, 16, 2)))[0, 0, 0], -1, atol=1e-6)


def test_starting_values():
    keras.utils.set_random_seed(0)
    model = keras_dl.build("dcgan", input_shape=(16, 16, 3), filters=64)
    seen = {"kernel": [], "gamma": [], "beta": []}
    for variable in model.trainable_variables:
        seen[variable.name].append(variable.numpy().ravel())
    kernels, gains, offsets = (np.concatenate(values) for values in seen.values())
    assert kernels.mean() == pytest.approx(0, abs=1e-3) and kernels.std() == pytest.approx(0.02, rel=0.02)
    assert gains.mean() == pytest.approx(1, abs=0.01) and gains.std() == pytest.approx(0.02, rel=0.2)
    assert not offsets.any()
    twins = {layer.name: layer.kernel.numpy().ravel()[:8] for part in parts(model) for layer in part.layers
             if hasattr(layer, "kernel")}  # fmt: skip
    assert len({tuple(values) for values in twins.values()}) == len(twins)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((28, 28, 1), (32, 32, 1)), ((32, 40, 3), (32, 32, 3)), ((8, 8, 1), (8, 8, 1)), ((3, 3, 1), (8, 8, 1))],
)
def test_data_are_brought_to_the_nearest_size(shape, expected):
    spec = Spec.labelled(name="some", kind="image", shape=shape, classes=3)
    config = keras_dl.get_config("dcgan", filters=8).for_data(spec)
    assert config.input_shape == expected
    assert config.build().output["image"].shape == (None, *expected)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(keras_dl.UsageError, match="square pictures of 8x8, 16x16, .* got 28x28x1"):
        keras_dl.get_config("dcgan", input_shape=(28, 28, 1))
    with pytest.raises(keras_dl.UsageError, match="got 32x64x3"):
        keras_dl.get_config("dcgan", input_shape=(32, 64, 3))
    with pytest.raises(keras_dl.UsageError, match="got 4x4x1"):
        keras_dl.get_config("dcgan", input_shape=(4, 4, 1))
    asked = Spec.labelled(name="some", kind="image", shape=(48, 48, 3), classes=3, image_size=48)
    with pytest.raises(keras_dl.UsageError, match="takes pictures of 64x64 pixels, not image_size=48"):
        keras_dl.get_config("dcgan").for_data(asked)


def test_a_file_keeps_the_parts(tmp_path):
    model = SMALL.build()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for name, expected in model(NOISE).items():
        np.testing.assert_array_equal(loaded(NOISE)[name], expected)


def test_a_discriminator_by_singular_values_has_no_batch_statistics():
    generator, discriminator = parts(SMALL.replace(spectral=True).build())
    assert not any("norm" in layer.name and layer.weights for layer in discriminator.layers)
    assert [type(layer).__name__ for layer in discriminator.layers if layer.weights] == ["SpectralConv2D"] * 3
    assert any(layer.name == "generator_stage1_norm" for layer in generator.layers)
