"""Boxes and masks move along with their pictures: a marked square is found where its box and its mask say."""

import numpy as np
import pytest
import tensorflow as tf

from keras_dl import UsageError
from keras_dl.augment import image, places
from keras_dl.augment.by_name import by_name
from keras_dl.augment.geometry import ORIGINS
from keras_dl.data.spec import Column, Spec

COUNT, HEIGHT, WIDTH = 64, 48, 40
COLUMNS = {
    "image": Column(kind="image", shape=(HEIGHT, WIDTH, 1)),
    "boxes": Column(kind="boxes", shape=(3, 4)),
    "labels": Column(kind="classes", shape=(3,), classes=2, class_names=("a", "b")),
    "mask": Column(kind="mask", shape=(HEIGHT, WIDTH), classes=4),
}
SPEC = Spec(name="places", columns=COLUMNS)


def seed(number):
    return tf.constant([number, 3], "int64")


def squares():
    """Black pictures with two bright rectangles apart, which are boxes, and classes 2 and 3 of the mask."""
    generator = np.random.default_rng(0)
    batch = {
        "image": np.zeros((COUNT, HEIGHT, WIDTH, 1), "float32"),
        "boxes": np.full((COUNT, 3, 4), -1, "float32"),
        "labels": np.full((COUNT, 3), -1, "int64"),
        "mask": np.zeros((COUNT, HEIGHT, WIDTH), "int32"),
        "number": np.arange(COUNT),
    }
    for index in range(COUNT):
        for place, (top, left) in enumerate([(14, 9), (25, 22)]):
            top, left = top + generator.integers(-3, 1), left + generator.integers(-2, 1)
            bottom, right = top + generator.integers(5, 10), left + generator.integers(5, 10)
            batch["image"][index, top:bottom, left:right] = 255
            batch["mask"][index, top:bottom, left:right] = 2 + place
            batch["boxes"][index, place] = left, top, right, bottom
            batch["labels"][index, place] = place
    return {name: tf.constant(values) for name, values in batch.items()}


BATCH = squares()


def bounds(there):
    """(left, top, right, bottom) of what is True, (height, width)."""
    rows, columns = np.nonzero(there.any(axis=1))[0], np.nonzero(there.any(axis=0))[0]
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


@pytest.mark.parametrize("name", sorted(ORIGINS))
def test_a_marked_square_stays_in_its_box_and_under_its_mask(name):
    moved = {key: value.numpy() for key, value in places.compose((name,), "image")(BATCH, seed(1)).items()}
    np.testing.assert_array_equal(moved["image"], image.compose((name,), 1)(BATCH["image"], seed(1)))
    np.testing.assert_array_equal(moved["number"], BATCH["number"])
    assert {key: value.dtype for key, value in moved.items()} == {
        key: value.dtype.as_numpy_dtype for key, value in BATCH.items()
    }
    assert (moved["boxes"] != BATCH["boxes"].numpy()).any(axis=(1, 2)).sum() >= COUNT / 4
    slack = {"flip": 0, "shift": 0, "rotate": 3.0}.get(name, 1.0)
    for index in range(COUNT):
        for place in (0, 1):
            box, label = moved["boxes"][index, place], moved["labels"][index, place]
            assert label == place  # nothing here comes near a border
            mask = moved["mask"][index] == 2 + place
            found = bounds(mask)
            assert np.abs(found - box).max() <= slack, (index, found, box)
            assert (found[:2] >= box[:2] - 0.51).all() and (found[2:] <= box[2:] + 0.51).all()
            bright = moved["image"][index, ..., 0] > 127.5
            inside = mask | (moved["mask"][index] == 3 - place) | ~bright
            assert inside.mean() > 0.97, "what is bright is not where the mask is"
            assert bright[mask].mean() > 0.8
        assert (moved["boxes"][index, 2] == -1).all() and moved["labels"][index, 2] == -1


def test_what_leaves_the_picture_becomes_a_pad_and_the_rest_is_cut():
    boxes = tf.constant([[[30.0, 10, 40, 20], [0, 0, 5, 5], [-1, -1, -1, -1]]] * 2)
    labels = tf.constant([[1, 0, -1]] * 2)
    origins = tf.constant([[1.0, 0, -4.5, 0, 1, 4.5, 0, 0], [1, 0, 7, 0, 1, 0, 0, 0]])  # what moves right is from left
    found, kinds = places.moved_boxes(boxes, labels, origins, (HEIGHT, WIDTH))
    expected = [[[34.5, 5.5, 40, 15.5], [-1] * 4, [-1] * 4], [[23, 10, 33, 20], [-1] * 4, [-1] * 4]]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(kinds, [[1, -1, -1], [1, -1, -1]])


def test_several_changes_follow_each_other_with_pixels_changed_in_between():
    names = ("flip", "contrast", "crop", "erase", "shift")
    chosen = by_name(names, SPEC)
    assert chosen["mix"] is None
    moved = chosen["augment"](BATCH, seed(5))
    alone = by_name(names, Spec(name="alone", columns={"image": COLUMNS["image"]}))["augment"]
    np.testing.assert_array_equal(moved["image"], alone(BATCH["image"], seed(5)))
    whole = 0
    for index in range(COUNT):
        for place in (0, 1):
            there = moved["mask"][index].numpy() == 2 + place
            if moved["labels"][index, place] == place and there.any():
                assert np.abs(bounds(there) - moved["boxes"][index, place]).max() <= 1.6
                whole += 1
    assert whole > COUNT


def test_in_an_input_pipeline_the_shapes_stay_known():
    change = tf.autograph.experimental.do_not_convert(
        lambda batch: places.compose((*ORIGINS, "erase"), "image")(batch, seed(1))
    )
    batches = tf.data.Dataset.from_tensor_slices(BATCH).batch(24).map(change)
    shapes = {name: tuple(spec.shape[1:]) for name, spec in batches.element_spec.items()}
    assert shapes == {name: tuple(value.shape[1:]) for name, value in BATCH.items()}
    assert [len(batch["boxes"]) for batch in batches] == [24, 24, 16]


def test_what_does_not_know_where_boxes_go_is_refused():
    with pytest.raises(UsageError, match="rand_augment moves things without their boxes and masks; choose from flip"):
        by_name(("rand_augment",), SPEC)
    with pytest.raises(UsageError, match="mixup mixes one label a picture, places has boxes; leave it out"):
        by_name(("flip", "mixup"), SPEC)
    with pytest.raises(UsageError, match="color changes RGB pictures, these have 1 channel"):
        by_name(("color",), SPEC)
    assert by_name((), SPEC) == {"augment": None, "mix": None}
