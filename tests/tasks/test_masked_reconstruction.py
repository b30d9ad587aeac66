"""Patches are hidden as the paper says, the loss is that of hidden pixels alone, and digits follow from their rest."""

import numpy as np
import pytest
from jobs import JOBS, few, toy

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.spec import Column
from keras_dl.lazy import tf
from keras_dl.learning.hiding import error, filled, hidden, mean_and_deviation, patches_of, pictures_of
from keras_dl.learning.masked import Masked, MaskedPatches
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training

GENERATOR = np.random.default_rng(0)
PICTURES = GENERATOR.integers(0, 256, (50, 8, 12, 2)).astype("float32")


def key(number):
    return tf.constant([0, number], "int64")


@pytest.mark.parametrize("count", [1, 12, 23])
@pytest.mark.parametrize("of", [None, 5])
def test_whole_patches_are_hidden_others_in_each_picture(count, of):
    mask = hidden(tf.constant(PICTURES), 2, count, None if of is None else key(of)).numpy()
    assert mask.shape == (50, 8, 12, 1)
    patches = mask.reshape(50, 4, 2, 6, 2)
    assert (patches == patches[:, :, :1, :, :1]).all()
    np.testing.assert_array_equal(mask.sum(axis=(1, 2, 3)), 4 * count)
    assert len(np.unique(mask.reshape(50, -1), axis=0)) > min(15, count * 12)
    share = hidden(tf.zeros((4000, 8, 12, 1)), 2, 12, key(1)).numpy().mean(axis=0)
    np.testing.assert_allclose(share, 0.5, atol=0.05)


def test_each_step_hides_others_and_evaluation_always_the_same():
    pictures = tf.constant(PICTURES)
    first, second = (hidden(pictures, 2, 12, key(number)).numpy() for number in (1, 2))
    assert (first != second).any(axis=(1, 2, 3)).mean() > 0.9
    np.testing.assert_array_equal(first, hidden(pictures, 2, 12, key(1)))
    alone = [hidden(pictures[place : place + 1], 2, 12, None)[0] for place in range(50)]
    np.testing.assert_array_equal(hidden(pictures, 2, 12, None), alone)


def test_hidden_pixels_show_the_mean_of_the_others():
    mask = hidden(tf.constant(PICTURES), 2, 7, key(3)).numpy()
    found = np.asarray(filled(PICTURES, mask.astype("float32")))
    for picture, where, shown in zip(PICTURES, mask[..., 0], found, strict=True):
        np.testing.assert_allclose(shown[where], np.broadcast_to(picture[~where].mean(axis=0), (28, 2)), rtol=1e-4)
        np.testing.assert_array_equal(shown[~where], picture[~where])


def test_only_hidden_pixels_count():
    mask = hidden(tf.constant(PICTURES), 2, 7, key(3)).numpy()
    guesses = PICTURES + GENERATOR.normal(size=PICTURES.shape).astype("float32")
    expected = [
        np.square(picture[where] - guess[where]).mean() / 255**2
        for picture, guess, where in zip(PICTURES, guesses, mask[..., 0], strict=True)
    ]
    np.testing.assert_allclose(error(PICTURES, guesses, mask.astype("float32")), expected, rtol=1e-3)
    guesses = np.where(mask, PICTURES, 1e6)
    np.testing.assert_array_equal(error(PICTURES, guesses, mask.astype("float32")), 0)


def test_the_network_sees_nothing_of_what_is_hidden():
    config = get_config("mlp", input_shape=(8, 12, 2), hidden=(4,))
    learner = Masked(config.build(), config, 6)
    mask = hidden(tf.constant(PICTURES), 2, 20, key(3))
    guesses = learner({"image": tf.constant(PICTURES), "hidden": mask})
    assert guesses.shape == PICTURES.shape
    other = tf.where(mask, 255 - PICTURES, PICTURES)
    np.testing.assert_array_equal(learner({"image": other, "hidden": mask}), guesses)
    changed = tf.where(mask, PICTURES, 255 - PICTURES)
    assert np.abs(learner({"image": changed, "hidden": mask}) - guesses).min() > 0
    losses = learner.named_losses({"image": PICTURES, "hidden": mask}, None, guesses, None, True)
    by_hand = np.mean(error(PICTURES, guesses, mask.numpy().astype("float32")))
    assert float(losses["error"]) == pytest.approx(by_hand, rel=1e-5)


def test_digits_follow_from_their_rest(tmp_path):
    task = get_task("masked_reconstruction", patch=2, masking_ratio=0.5)
    config, data = task.adapt(get_config("nakkiran_cnn5", k=4), load("digits"))
    options = Options(epochs=20, batch_size=64, learning_rate=5e-3)
    training = Training(build(config, options), config, task, data, options, tmp_path, verbose=0)
    before = task.scores(training.network, config, data.test, data.spec)
    rows = training.run()
    found = training.evaluate(data.test)
    assert found["error"] < 0.6 * found["error_of_mean"]
    assert rows[-1]["val_loss"] < 0.6 * rows[0]["val_error_of_mean"]
    assert found["linear_probe"] > before["linear_probe"] + 0.02
    whole, parts = (
        training.learner.evaluate(data.test.batches(size, training.arrange), verbose=0, return_dict=True)
        for size in (358, 50)
    )
    assert whole["loss"] == pytest.approx(parts["loss"], rel=1e-4)


def test_pictures_without_labels_are_enough(tmp_path):
    pictures = few(load("digits")).train.stored
    unlabelled = toy({"image": Column(kind="image", shape=(8, 8, 1))}, {"image": pictures})
    task, options = get_task("masked_reconstruction"), Options(epochs=1)
    config, data = task.adapt(get_config("mlp", hidden=(4,)), unlabelled)
    training = Training(build(config, options), config, task, data, options, tmp_path, verbose=0)
    training.run()
    assert training.evaluate(data.test).keys() == {"loss", "error", "error_of_mean"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"patch": 3}, "patch=3 does not divide pictures of 8x8; take one of 1, 2, 4, 8"),
        ({"patch": 8}, "masking_ratio=0.75 hides all of 1 patches of 8x8"),
        ({"masking_ratio": 0.1}, "masking_ratio=0.1 hides none of 4 patches of 4x4"),
        ({"masking_ratio": 1.0}, "masking_ratio must be above 0 and below 1, got 1.0"),
        ({"patch": 0}, "patch must be at least 1, got 0"),
    ],
)
def test_masks_that_make_no_sense(settings, words):
    with pytest.raises(UsageError, match=words):
        get_task("masked_reconstruction", **settings).adapt(get_config("mlp"), few(load("digits")))


def test_networks_without_features_and_tables_are_refused():
    task, config = get_task("masked_reconstruction"), get_config("unet", input_shape=(16, 16, 1), padding="same")
    config = config.replace(levels=1, filters=4)
    with pytest.raises(UsageError, match="unet has no layer called head that reads one vector of features"):
        task.learner(config.build(), config, Options())
    columns = {"features": Column(kind="features", shape=(3,)), "label": Column(kind="class", classes=2)}
    table = toy(columns, {"features": np.ones((4, 3), "float32"), "label": np.arange(4) % 2})
    with pytest.raises(UsageError, match="masked_reconstruction needs a column of image; toy has features"):
        task.adapt(get_config("mlp"), table)


def test_a_masked_autoencoder_hides_by_noise_that_evaluation_repeats():
    config, task, data, _ = JOBS["patches_of_its_own"]()
    config, data = task.adapt(config, data)
    arrange = task.arrange(config.build())
    pictures = {"image": tf.constant(data.test.inputs())}
    x, _ = arrange(pictures, None)
    assert x.keys() == {"image", "noise"} and x["noise"].shape == (len(data.test), 16)
    np.testing.assert_array_equal(arrange(pictures, None)[0]["noise"], x["noise"])
    assert (arrange(pictures, key(1))[0]["noise"] != arrange(pictures, key(2))[0]["noise"]).numpy().all()


def test_patches_are_standardized():
    patches = patches_of(PICTURES, 4)
    np.testing.assert_array_equal(pictures_of(patches, 4, (8, 12, 2)), PICTURES)
    mean, deviation = mean_and_deviation(patches)
    found = np.array((patches - mean) / deviation)
    for picture, patches in zip(PICTURES, found, strict=True):
        for number, patch in enumerate(patches):
            row, column = divmod(number, 3)
            expected = picture[4 * row : 4 * row + 4, 4 * column : 4 * column + 4].ravel()
            expected = (expected - expected.mean()) / expected.std(ddof=1)
            np.testing.assert_allclose(patch, expected, atol=1e-4)
    np.testing.assert_allclose(mean_and_deviation(np.full((1, 1, 9), 7.0, "float32"))[1], 1e-3, rtol=1e-3)


def test_right_guesses_fill_a_picture_and_nothing_hidden_is_shown(tmp_path):
    config, task, data, _ = JOBS["patches_of_its_own"]()
    config, data = task.adapt(config, data)
    network = config.build()
    learner = MaskedPatches(network, config.patch, config.seen)
    x, _ = next(iter(data.test.batches(4, task.arrange(network))))
    patches = patches_of(learner.normalization(x["image"]), 2)
    mean, deviation = mean_and_deviation(patches)
    seen, filled = (np.array(found) for found in learner.filled(x, (patches - mean) / deviation))
    np.testing.assert_allclose(filled, x["image"], atol=1e-2)
    hidden = np.array(learner.hidden(x["noise"]))
    assert hidden.sum() == 4 * 12
    shown = np.array(patches_of(seen, 2))
    np.testing.assert_array_equal(shown[hidden], 0)
    np.testing.assert_array_equal(shown[~hidden], np.array(patches_of(x["image"], 2))[~hidden])
    assert task.draw(network, config, data.test, data.spec, tmp_path / "answers.png")
    assert (tmp_path / "answers.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("settings", "fields", "words"),
    [
        (
            {"patch": 2, "width": 8},
            {},
            "masked_autoencoder hides patches by itself; set its own fields, not patch, width",
        ),
        ({}, {"masking_ratio": 0.0}, "masking_ratio=0.0 hides none of 16 patches"),
    ],
)
def test_what_a_masked_autoencoder_cannot_learn(settings, fields, words):
    config, _, data, _ = JOBS["patches_of_its_own"]()
    with pytest.raises(UsageError, match=words):
        get_task("masked_reconstruction", **settings).adapt(config.replace(**fields), data)
