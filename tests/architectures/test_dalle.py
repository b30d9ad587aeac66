"""The autoencoders and the transformer of DALL-E: sizes, pixels, tokens, what a place sees, what is refused."""

import keras
import numpy as np
import pytest

import keras_dl
from keras_dl.data import Spec

SMALL = keras_dl.get_config(
    "dalle_small", input_shape=(8, 8, 3), halvings=1, filters=8, codes=11, code_width=6, vocabulary_size=7, length=3,
    heads=2, head_width=12, blocks=2,
)  # fmt: skip
TINY = keras_dl.get_config("dalle_dvae_openai", input_shape=(16, 24, 3), codes=9, filters=4, first_filters=6, blocks=1)
GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (2, 8, 8, 3)).astype("float32")
TOKENS = GENERATOR.integers(0, 21, (2, 3 + 16)).astype("int32")


def test_sizes_are_those_of_the_references():
    with keras.StatelessScope(initialize_variables=False):
        openai, small = (keras_dl.get_config(name).build() for name in ("dalle_dvae_openai", "dalle_small"))
        counts = {part: openai.get_layer(part).count_params() for part in ("encoder", "decoder")}
        parts = {part: small.get_layer(part).count_params() for part in ("encoder", "decoder", "transformer")}
    assert counts == {"encoder": 53_786_240, "decoder": 43_829_766}
    assert parts["encoder"] + parts["decoder"] == 463_235 and parts["transformer"] == 1_209_168
    assert keras_dl.describe("dalle_dvae_openai").parameters == 97_616_006
    assert keras_dl.describe("dalle_small").parameters == 1_672_403


def test_shapes():
    assert {name: x.shape[1:] for name, x in TINY.build().output.items()} == {"codes": (2, 3, 9), "image": (16, 24, 6)}
    shapes = {"codes": (4, 4, 11), "image": (8, 8, 3), "tokens": (19, 21)}
    assert {name: x.shape[1:] for name, x in SMALL.build().output.items()} == shapes


def test_pictures_are_made_of_the_likeliest_codes():
    keras.utils.set_random_seed(0)
    for config, images in ((SMALL, IMAGES), (TINY, GENERATOR.integers(0, 256, (2, 16, 24, 3)).astype("float32"))):
        model = config.build()
        encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
        outputs = model({"image": images, "token_ids": TOKENS} if config is SMALL else images)
        codes = encoder(images).numpy().argmax(axis=-1)
        np.testing.assert_allclose(outputs["image"], decoder(np.eye(config.codes, dtype="float32")[codes]), atol=1e-4)


def test_no_place_sees_a_later_one():
    transformer = SMALL.build().get_layer("transformer")
    once = transformer(TOKENS).numpy()
    for place in (0, 2, 3, 10, 18):
        changed = TOKENS.copy()
        changed[:, place] = (changed[:, place] + 1) % 21
        moved = np.abs(transformer(changed).numpy() - once).max(axis=(0, 2)) > 0
        assert not moved[:place].any() and moved[place]


def test_cells_next_to_each_other_are_told_apart_by_row_and_column():
    from keras_dl.layers.picture_attention import token_angles

    angles = token_angles(4, 3, 2)
    assert angles.shape == (4 + 9, 6)
    np.testing.assert_allclose(angles[:4, 0], range(4))
    np.testing.assert_allclose(angles[4:, 0], 8192)
    np.testing.assert_allclose(angles[4:, 2].reshape(3, 3)[:, 0] / np.pi, [-1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(angles[4:, 4].reshape(3, 3)[0] / np.pi, [-1, 0, 1], atol=1e-12)


@pytest.mark.parametrize("config", [SMALL, TINY])
def test_data_decide_the_size(config):
    spec = Spec.labelled(name="some", kind="image", shape=(23, 33, 1), classes=2)
    assert config.for_data(spec).input_shape == ((24, 24, 1) if config is SMALL else (24, 32, 1))


def test_what_cannot_be_built_is_refused():
    with pytest.raises(keras_dl.UsageError, match="20x24 .*sides are multiples of 8; use at least 8x8"):
        TINY.replace(input_shape=(20, 24, 3))
    with pytest.raises(keras_dl.UsageError, match="filters must be a multiple of 4, got 6"):
        TINY.replace(filters=6)
    with pytest.raises(keras_dl.UsageError, match="square pictures whose side is a multiple of 2, got 8x10"):
        SMALL.replace(input_shape=(8, 10, 3))


def test_a_file_keeps_the_parts(tmp_path):
    model, x = SMALL.build(), {"image": IMAGES, "token_ids": TOKENS}
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for name, expected in model(x).items():
        np.testing.assert_array_equal(loaded(x)[name], expected)
