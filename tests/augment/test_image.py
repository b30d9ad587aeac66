"""Augmentation is a function of the pictures and a seed, and does what it says to each picture."""

import numpy as np
import pytest
import tensorflow as tf

from keras_dl.augment.image import CHANGES, compose, flip, shift

PICTURES = np.random.default_rng(0).integers(1, 256, (64, 16, 12, 3)).astype("float32")


def seed(number):
    return tf.constant([number, 1], "int64")


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_the_seed_decides(name):
    change = CHANGES[name]
    first = change(PICTURES, seed(1)).numpy()
    np.testing.assert_array_equal(first, change(PICTURES, seed(1)))
    assert not np.array_equal(first, change(PICTURES, seed(2)))
    assert first.shape == PICTURES.shape


def test_flip_mirrors_about_half_of_the_pictures():
    flipped = flip(PICTURES, seed(3)).numpy()
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, PICTURES, strict=True)]
    same = [np.array_equal(a, b) for a, b in zip(flipped, PICTURES, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 16 <= sum(mirrored) <= 48


def test_shift_moves_each_picture_by_up_to_an_eighth_and_fills_with_black():
    shifted = shift(PICTURES, seed(4)).numpy()
    found = set()
    for before, after in zip(PICTURES, shifted, strict=True):
        frame = np.pad(before, ((2, 2), (2, 2), (0, 0)))
        moves = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if np.array_equal(frame[down : down + 16, right : right + 12], after)
        ]
        assert len(moves) == 1
        found.add(moves[0])
    assert {down for down, _ in found} == {right for _, right in found} == set(range(5))


def test_compose_gives_each_change_a_seed_of_its_own():
    assert compose(()) is None
    both = compose(("flip", "shift"))(PICTURES, seed(5)).numpy()
    by_hand = [tf.random.experimental.stateless_fold_in(seed(5), number) for number in (0, 1)]
    np.testing.assert_array_equal(both, shift(flip(PICTURES, by_hand[0]), by_hand[1]))
