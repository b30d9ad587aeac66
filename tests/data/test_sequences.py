"""Texts and sounds, from their name to what networks take."""

import os

import numpy as np
import pytest
import tensorflow as tf

from keras_dl import UsageError, get_config
from keras_dl.data import Split, load, spectra
from keras_dl.data.assemble import assemble
from keras_dl.data.prepare import bag_of_words
from keras_dl.data.spec import Column

REAL = pytest.mark.skipif("TFDS_DATA_DIR" not in os.environ, reason="TFDS_DATA_DIR does not say where real data are")
TEXTS = np.array([f"{word} film number {number}" for number in range(30) for word in ("good", "bad")], object)
RATE = 8000


def data_of(kind, inputs, **options):
    columns = {
        kind: Column(kind=kind, shape=inputs.shape[1:], **options),
        "label": Column(kind="class", class_names=("a", "b")),
    }
    examples = {"train": {kind: inputs, "label": np.arange(len(inputs)) % 2}}
    return assemble(examples, columns, name="some", validation=0.2, seed=0)


@pytest.fixture(scope="module")
def texts():
    return data_of("text", TEXTS)


@pytest.fixture(scope="module")
def sounds():
    waves = [0.5 * np.sin(2 * np.pi * hertz * np.arange(4000) / RATE) for hertz in np.linspace(200, 3000, 30)]
    return data_of("audio", np.stack(waves).astype("float32"), rate=RATE)


@REAL
def test_mr_polarity():
    data = load("mr_polarity")
    assert (data.spec.kind, data.spec.shape, data.spec.class_names) == ("text", (), ("neg", "pos"))
    assert data.spec.counts == {"train": 7678, "validation": 852, "test": 2132}
    assert all(isinstance(text, str) for text in data.train.stored)
    x, y = next(iter(data.test.batches(10)))
    assert (x.dtype, x.shape, y.shape) == (tf.string, (10,), (10,))


@REAL
def test_spoken_digit_is_split_as_its_authors_say():
    data = load("spoken_digit")
    assert (data.spec.kind, data.spec.rate, data.spec.shape) == ("audio", RATE, (6265,))
    assert data.spec.counts == {"train": 2030, "validation": 220, "test": 250}
    assert np.bincount(data.test.labels).tolist() == [25] * 10
    assert "recordings 0 to 4 of each speaker are the test split" in data.notices
    assert (data.train.stored.dtype, np.abs(data.train.stored).max()) == (np.float32, 1)
    assert np.mean(data.train.stored[:, -1] == 0) > 0.9


def test_words_are_counted_in_the_training_texts_alone(texts):
    bag = bag_of_words(texts, words=10)
    assert (bag.spec.kind, bag.spec.shape, bag.spec.counts) == ("features", (10,), texts.spec.counts)
    x, _labels = next(iter(bag.train.batches(100)))
    assert x.dtype == tf.float32 and set(np.unique(x)) == {0, 1}
    for text, row in zip(bag.train.stored, x.numpy(), strict=True):
        assert (row.sum(), len(text.split())) in {(number, 4) for number in (3, 4)}
    unseen = Split.of(np.array(["unseen words", "good film"], object), [0, 1])
    np.testing.assert_array_equal(bag.train.prepare(unseen.stored).numpy().sum(axis=1), [1, 2])
    assert get_config("mlp").for_data(bag.spec).input_shape == (10,)


def test_three_characters_survive_a_typing_error(texts):
    words, characters = (bag_of_words(texts, pieces=pieces) for pieces in ("words", "characters"))
    right, wrong = (tf.constant([text]) for text in ("number", "nuumber"))
    known = [tf.reduce_sum(bag.train.prepare(right) * bag.train.prepare(wrong)) for bag in (words, characters)]
    assert known[0] == 0 and known[1] >= 3


def test_augmentation_comes_before_the_counting_and_not_in_evaluation(texts):
    bag = bag_of_words(texts)
    seen = []

    def augment(strings, key):
        seen.append(strings.dtype)
        return tf.fill(tf.shape(strings), "good")

    (changed, _), (plain, _) = (
        next(iter(bag.train.stream(4, steps=1, seed=0, augment=augment))),
        next(iter(bag.train.batches(4))),
    )
    assert seen == [tf.string]
    assert changed.numpy().sum(axis=1).tolist() == [1] * 4 and plain.numpy().sum(axis=1).min() >= 3


def test_a_tone_lights_up_its_band(sounds):
    pictures = spectra.pictures(sounds)
    assert (pictures.spec.kind, pictures.spec.shape) == ("image", (32, 32, 1))
    inputs = np.concatenate([getattr(pictures, split).inputs() for split in ("train", "validation", "test")])
    waves = np.concatenate([getattr(sounds, split).stored for split in ("train", "validation", "test")])
    assert inputs.min() >= 0 and 150 < inputs.max() <= 255
    loudest = inputs[..., 0].mean(axis=2).argmax(axis=1)
    hertz = np.abs(np.fft.rfft(waves)).argmax(axis=1)
    assert np.all(np.diff(loudest[np.argsort(hertz)]) >= 0) and loudest.max() - loudest.min() > 20
    assert spectra.pictures(sounds).train.prepare(waves[:1] * 0).numpy().max() == 0
    assert get_config("nakkiran_cnn5").for_data(pictures.spec).input_shape == (32, 32, 1)


@pytest.mark.parametrize("network", ["mlp", "resnet20", "memorizing_relu_net"])
def test_networks_say_what_to_do_with_texts_and_sounds(network, texts, sounds):
    with pytest.raises(UsageError, match=r"takes numbers, some is text; use keras_dl\.data\.prepare\.bag_of_words"):
        get_config(network).for_data(texts.spec)
    with pytest.raises(UsageError, match=r"takes numbers, some is audio; use keras_dl\.data\.spectra\.pictures"):
        get_config(network).for_data(sounds.spec)


def test_texts_and_sounds_are_no_pictures(texts, sounds):
    for data, kind in ((texts, "text"), (sounds, "audio")):
        with pytest.raises(UsageError, match=f"some is {kind}; pictures of the shape"):
            data.resized((8, 8, 1))
    with pytest.raises(UsageError, match="some is text; audio is wanted"):
        spectra.pictures(texts)
    with pytest.raises(UsageError, match="digits is image; text is wanted"):
        bag_of_words(load("digits"))


def test_few_are_so_many_of_each_class():
    split = Split.of(np.arange(60.0)[:, None], np.arange(60) % 3)
    few = split.few(4, seed=1)
    assert np.bincount(few.labels).tolist() == [4, 4, 4]
    np.testing.assert_array_equal(few.stored[:, 0] % 3, few.labels)
    np.testing.assert_array_equal(few.stored, split.few(4, seed=1).stored)
    assert not np.array_equal(few.stored, split.few(4, seed=2).stored)
    with pytest.raises(UsageError, match="21 examples of each class are wanted; a class has 20"):
        split.few(21, seed=0)
