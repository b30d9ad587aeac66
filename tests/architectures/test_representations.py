"""Networks of the room representation: sizes, parts and shapes on the way, what does not learn, what is refused."""

import keras
import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError
from keras_dl.data import Spec
from keras_dl.layers import Sobel2D
from keras_dl.learning.encoders import encoder_of

GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("name", "parameters", "trainable"),
    [
        ("simclr_resnet50", 28_019_776, 27_966_656),
        ("simclr_small", 11_506_752, 11_497_152),
        ("cpc", 7_414_784, 7_414_784),
        ("deepcluster", 99_245_232, 99_242_480),
        ("rotnet", 1_415_492, 1_411_140),
        ("siamese_koch", 38_951_745, 38_951_745),
        ("prototypical_net", 112_448, 111_936),
        ("metric_triplet", 120_768, 120_256),
    ],
)
def test_sizes_are_the_published_ones(name, parameters, trainable):
    described = keras_dl.describe(name)
    assert (described.parameters, described.trainable_parameters) == (parameters, trainable)


def test_conv4_of_miniimagenet_makes_1600_features():
    config = keras_dl.get_config("prototypical_net", input_shape=(84, 84, 3))
    described = keras_dl.describe(config)
    assert described.trainable_parameters == 113_088
    assert described.layers[-1].output_shape == (1600,)


@pytest.mark.parametrize(("stem", "side"), [("large", 1), ("small", 4)])
def test_the_small_stem_of_simclr_keeps_the_size(stem, side):
    config = keras_dl.get_config("simclr_small", filters=4, stem=stem)
    encoder = config.build().get_layer("encoder")
    assert encoder.get_layer("stage4_block2_relu2").output.shape == (None, side, side, 32)
    assert encoder.output.shape == (None, 32)


def test_features_are_what_the_encoder_gives():
    config = keras_dl.get_config("simclr_small", filters=4, blocks=(1, 1, 1, 1))
    network = config.build()
    assert encoder_of(network, config) is network.get_layer("encoder")
    assert encoder_of(network, config) is encoder_of(network, config)
    conv4 = keras_dl.get_config("prototypical_net", filters=8)
    network = conv4.build()
    assert encoder_of(network, conv4) is network
    rotnet = keras_dl.get_config("rotnet", first=(8, 8, 8), filters=8)
    network = rotnet.build()
    assert encoder_of(network, rotnet).output.shape == (None, 8)
    dcgan = keras_dl.get_config("dcgan", filters=8, input_shape=(8, 8, 1))
    with pytest.raises(UsageError, match="dcgan makes no single vector of features for each input"):
        encoder_of(dcgan.build(), dcgan)


def test_features_of_a_sound_are_the_mean_of_its_context():
    config = keras_dl.get_config("cpc", samples=1600, filters=4, units=5, steps=2)
    network = config.build()
    sounds = GENERATOR.normal(size=(3, 1600)).astype("float32")
    context = network.get_layer("context")(network.get_layer("encoder")(sounds))
    np.testing.assert_allclose(encoder_of(network, config)(sounds), np.mean(context, axis=1), atol=1e-6)


def test_predictions_know_nothing_of_what_comes_later():
    config = keras_dl.get_config("cpc", samples=3200, filters=4, units=5, steps=2)
    network = config.build()
    sounds = GENERATOR.normal(size=(1, 3200)).astype("float32")
    other = sounds.copy()
    other[:, 2400:] = GENERATOR.normal(size=(1, 800))
    before, after = (np.array(network(x)["predictions"]) for x in (sounds, other))
    overlap = 3  # frames whose windows reach beyond their 160 samples
    np.testing.assert_array_equal(before[:, : 15 - overlap], after[:, : 15 - overlap])
    assert np.abs(before[:, 15:] - after[:, 15:]).max() > 0


def test_both_pictures_go_through_one_encoder():
    config = keras_dl.get_config("siamese_koch", filters=(8, 8, 8, 8), units=32, input_shape=(65, 65, 1))
    network = config.build()
    x = {name: GENERATOR.integers(0, 256, (2, 65, 65, 1)).astype("float32") for name in ("image", "second_image")}
    turned = {"image": x["second_image"], "second_image": x["image"]}
    np.testing.assert_allclose(network(x), network(turned), atol=1e-5)
    same = network({"image": x["image"], "second_image": x["image"]})
    head = network.get_layer("comparison").get_layer("head")
    np.testing.assert_allclose(same, np.broadcast_to(head.bias, (2, 1)), atol=1e-6)
    assert len({variable.path for variable in network.weights}) == len(network.weights) == 12


def test_vectors_of_triplets_have_length_1():
    network = keras_dl.build("metric_triplet", filters=8)
    vectors = network(GENERATOR.integers(0, 256, (4, 28, 28, 1)).astype("float32"))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_sobel_sees_edges_and_no_colours():
    picture = np.zeros((1, 5, 6, 3), "float32")
    picture[:, :, 3:] = (3, 6, 0)  # brightness 3 to the right
    left, up = np.moveaxis(np.array(Sobel2D()(picture))[0], -1, 0)
    np.testing.assert_array_equal(left[1:-1, 1:-1], [[0, -12, -12, 0]] * 3)
    np.testing.assert_array_equal(up[1:-1, 1:-1], 0)
    other = picture[..., ::-1]
    np.testing.assert_array_equal(Sobel2D()(other), Sobel2D()(picture))
    assert Sobel2D()(picture).shape == (1, 5, 6, 2)


def test_ink_is_1_and_paper_0():
    for name in ("prototypical_net", "siamese_koch"):
        config = keras_dl.get_config(name)
        assert [config.pixel_scale * pixel + config.pixel_offset for pixel in (0, 255)] == pytest.approx([1, 0])


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("cpc", {"samples": 1500}, "1500 samples make 10 latents, of which steps=12 ahead are predicted; take fewer"),
        ("siamese_koch", {"input_shape": (60, 60, 1)}, "input 60x60 is too small for this siamese_koch; use .* 65x65"),
        ("prototypical_net", {"input_shape": (15, 28, 1)}, "input 15x28 is too small .* use at least 16x16"),
        ("deepcluster", {"classes": 1}, "classes must be at least 2, got 1"),
        ("simclr_small", {"stem": "middle"}, "unknown stem 'middle'"),
    ],
)
def test_what_cannot_be_built_is_refused(name, fields, words):
    with pytest.raises(UsageError, match=words):
        keras_dl.get_config(name, **fields)


def test_data_decide_the_channels_and_the_size_where_it_is_free():
    spec = Spec.labelled(name="some", kind="image", shape=(40, 40, 1), classes=7)
    assert keras_dl.get_config("prototypical_net").for_data(spec).input_shape == (28, 28, 1)
    assert keras_dl.get_config("simclr_small").for_data(spec).input_shape == (40, 40, 1)
    assert keras_dl.get_config("masked_autoencoder_vit_b").for_data(spec).input_shape == (224, 224, 1)
    sounds = Spec.labelled(name="some", kind="audio", shape=(4000,), classes=3, rate=8000)
    assert keras_dl.get_config("cpc").for_data(sounds).samples == 4000
    with pytest.raises(UsageError, match="cpc takes sounds, some is image"):
        keras_dl.get_config("cpc").for_data(spec)
    with pytest.raises(UsageError, match="is audio"):
        keras_dl.get_config("simclr_small").for_data(sounds)


def test_files_keep_the_outputs_and_the_parts(tmp_path):
    config = keras_dl.get_config("siamese_koch", filters=(8,) * 4, units=32, input_shape=(65, 65, 1))
    model = config.build()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    x = {name: GENERATOR.integers(0, 256, (2, 65, 65, 1)).astype("float32") for name in model.input}
    np.testing.assert_array_equal(loaded(x), model(x))
    assert {"encoder", "comparison"} <= {layer.name for layer in loaded.layers}
