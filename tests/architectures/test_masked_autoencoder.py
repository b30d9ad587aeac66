"""Masked autoencoders: sizes, what the encoder sees, where the decoder puts it, features of all patches."""

import keras
import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError
from keras_dl.layers import AllTokens, VisibleTokens

SMALL = {
    "input_shape": (8, 12, 2), "patch": 4, "heads": 2, "head_width": 4, "blocks": 1, "masking_ratio": 0.5,
    "decoder_heads": 1, "decoder_head_width": 8, "decoder_blocks": 1,
}  # fmt: skip
GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (3, 8, 12, 2)).astype("float32")
NOISE = GENERATOR.random((3, 6)).astype("float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return keras_dl.build("masked_autoencoder_vit_b", **SMALL)


def test_sizes_are_those_of_the_published_files():
    described = keras_dl.describe("masked_autoencoder_vit_b")
    assert (described.parameters, described.trainable_parameters) == (111_907_840, 111_655_680)
    positions = 197 * (768 + 512)
    assert described.parameters - described.trainable_parameters == positions
    config = keras_dl.get_config("masked_autoencoder_vit_b")
    assert (config.patches, config.seen, config.grid) == (196, 49, (14, 14))


def test_what_is_hidden_has_no_part_in_the_tokens(model):
    seen = np.argsort(NOISE, axis=1)[:, :3]
    shown = np.zeros((3, 6), bool)
    np.put_along_axis(shown, seen, True, axis=1)
    where = shown.reshape(3, 2, 3).repeat(4, axis=1).repeat(4, axis=2)[..., None]
    x = {"image": IMAGES, "noise": NOISE}
    encoder = model.get_layer("encoder")
    tokens = encoder(x)
    assert tokens.shape == (3, 4, 8)
    np.testing.assert_array_equal(encoder({**x, "image": np.where(where, IMAGES, 255 - IMAGES)}), tokens)
    assert np.abs(encoder({**x, "image": np.where(where, 255 - IMAGES, IMAGES)}) - tokens).max() > 1e-3
    assert model(x).shape == (3, 6, 32)


def test_tokens_go_back_to_their_places():
    tokens = GENERATOR.normal(size=(3, 7, 4)).astype("float32")
    visible = VisibleTokens(2)(tokens, NOISE)
    layer = AllTokens((2, 3))
    placed = np.array(layer(visible, NOISE)) - layer.positions.numpy()
    for row, noise, whole in zip(placed, NOISE, tokens, strict=True):
        seen = np.argsort(noise)[:2]
        np.testing.assert_allclose(row[0], whole[0], atol=1e-6)
        for patch in range(6):
            expected = whole[1 + patch] if patch in seen else layer.mask_token.numpy()[0, 0]
            np.testing.assert_allclose(row[1 + patch], expected, atol=1e-6)


def test_features_are_those_of_all_patches(model):
    config = keras_dl.get_config("masked_autoencoder_vit_b", **SMALL)
    features = config.representation(model)
    whole = config.replace(masking_ratio=0.0).build().get_layer("encoder")
    whole.set_weights(model.get_layer("encoder").get_weights())
    expected = whole({"image": IMAGES, "noise": NOISE})[:, 1:].numpy().mean(axis=1)
    np.testing.assert_allclose(features(IMAGES), expected, atol=1e-5)
    kernel = model.get_layer("encoder").get_layer("encoder_stem").kernel
    before = features(IMAGES).numpy()
    kernel.assign(2 * kernel)
    assert np.abs(features(IMAGES) - before).max() > 1e-3  # it shares the weights
    kernel.assign(kernel / 2)


def test_positions_do_not_learn(model):
    still = {variable.path for variable in model.non_trainable_variables}
    assert still == {"encoder_tokens/positions", "decoder_tokens/positions"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"masking_ratio": 0.9}, "input 8x12 is too small for this masked_autoencoder; use at least 16x16"),
        ({"input_shape": (8, 14, 2)}, "input 8x14 is no multiple of the patch, 4x4; the nearest is 8x16"),
        ({"head_width": 1}, "tokens must have a multiple of 4 numbers for their waves, got 2"),
        ({"masking_ratio": 1.0}, "masking_ratio must be at least 0 and below 1, got 1.0"),
    ],
)
def test_what_cannot_be_built_is_refused(fields, words):
    with pytest.raises(UsageError, match=words):
        keras_dl.get_config("masked_autoencoder_vit_b", **{**SMALL, **fields})
