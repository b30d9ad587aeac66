"""The dense generative adversarial network: sizes, pixels in and out, dropout, starting values, what is refused."""

import keras
import numpy as np
import pytest

import keras_dl
from keras_dl.data import Spec

SMALL = keras_dl.get_config("gan_mlp", input_shape=(4, 6, 1), latent_width=5, units=16, maxout_units=4)
NOISE = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")


def parts(model):
    return model.get_layer("generator"), model.get_layer("discriminator")


def test_sizes_are_those_of_the_paper():
    with keras.StatelessScope(initialize_variables=False):
        counts = [part.count_params() for part in parts(keras_dl.get_config("gan_mlp").build())]
    assert counts == [2_503_984, 1_231_441]
    assert keras_dl.describe("gan_mlp").parameters == 3_735_425


def test_the_network_is_its_generator_judged_by_its_discriminator():
    keras.utils.set_random_seed(0)
    model = SMALL.build()
    generator, discriminator = parts(model)
    outputs = model(NOISE)
    np.testing.assert_array_equal(outputs["image"], generator(NOISE))
    np.testing.assert_array_equal(outputs["real"], discriminator(generator(NOISE)))
    head = generator.get_layer("generator_head")
    head.kernel.assign(head.kernel * 1e6)
    pixels = generator(NOISE).numpy()
    assert (pixels.min(), pixels.max()) == (0, 255) and pixels.shape == (3, 4, 6, 1)
    seen = keras.Model(discriminator.input, discriminator.get_layer("discriminator_normalization").output)
    np.testing.assert_allclose(seen(np.full((1, 4, 6, 1), 255.0)), 1, atol=1e-6)


def test_the_discriminator_drops_in_training_alone():
    _, discriminator = parts(SMALL.build())
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 6, 1)).astype("float32")
    np.testing.assert_array_equal(discriminator(images), discriminator(images))
    assert np.any(discriminator(images, training=True) != discriminator(images, training=True))
    _, plain = parts(SMALL.replace(dropout=0.0).build())
    assert not any("dropout" in layer.name for layer in plain.layers)


def test_starting_values():
    keras.utils.set_random_seed(0)
    generator, discriminator = parts(keras_dl.build("gan_mlp"))
    for part, limit in ((generator, 0.05), (discriminator, 0.005)):
        kernels = np.concatenate([one.numpy().ravel() for one in part.trainable_variables if one.name == "kernel"])
        assert np.abs(kernels).max() == pytest.approx(limit, rel=1e-3)
        assert kernels.std() == pytest.approx(limit / 3**0.5, rel=0.01)


def test_it_takes_the_size_of_the_data_and_pictures_alone():
    spec = Spec.labelled(name="some", kind="image", shape=(9, 7, 3), classes=3)
    assert SMALL.for_data(spec).build().output["image"].shape == (None, 9, 7, 3)
    with pytest.raises(keras_dl.UsageError, match="pictures are wanted, rows is features"):
        SMALL.for_data(Spec.labelled(name="rows", kind="features", shape=(9,), classes=3))
