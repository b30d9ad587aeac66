"""Batches by group: whole episodes, even shares, and all of it a function of (seed, epoch, step)."""

import numpy as np
import pytest

from keras_dl import UsageError
from keras_dl.data import Split
from keras_dl.data.drawn import Episodes, Evenly


def test_episodes_hold_different_examples_of_each_class():
    labels = np.random.default_rng(0).integers(5, size=200)
    episodes = Episodes(labels, 4)
    drawn = np.stack([episodes.batch(12, 1, 0, step).reshape(3, 4) for step in range(50)])
    for episode in drawn:
        assert len(np.unique(episode)) == 12
        assert all(len(set(labels[row])) == 1 for row in episode)
        assert len(set(labels[episode[:, 0]])) == 3
    assert set(labels[drawn].ravel()) == set(range(5))
    again = np.stack([Episodes(labels, 4).batch(12, 1, 0, step).reshape(3, 4) for step in range(50)])
    np.testing.assert_array_equal(drawn, again)
    for key in ((2, 0), (1, 1)):
        assert (drawn[0].ravel() != episodes.batch(12, *key, 0)).any()


def test_an_episode_has_at_most_all_classes():
    episodes = Episodes(np.repeat([3, 7], 5), 2)
    assert [episodes.size(most) for most in (4, 5, 64)] == [4, 4, 4]
    with pytest.raises(UsageError, match="2 examples of each of 2 classes or more, which are 4; batch_size=3 is less"):
        episodes.size(3)
    with pytest.raises(UsageError, match="an episode takes 6 examples of each class, one has 5"):
        Episodes(np.repeat([3, 7], 5), 6)
    with pytest.raises(UsageError, match="2 classes or more, there is 1"):
        Episodes(np.zeros(9, int), 2)


def test_even_batches_have_as_many_of_a_small_group_as_of_a_large_one():
    groups = np.array([0] * 30 + [1] * 7)
    evenly = Evenly(groups)
    batches = [evenly.batch(9, 0, 0, step) for step in range(8)]
    for batch in batches:
        np.testing.assert_array_equal(groups[batch], [0, 1] * 4)
    large, small = np.concatenate([batch[0::2] for batch in batches]), np.concatenate([b[1::2] for b in batches])
    assert len(set(large[:30])) == 30
    for number in range(4):
        assert len(set(small[7 * number : 7 * number + 7])) == 7
    assert (small[:7] != small[7:14]).any() and (small[:7] != evenly.batch(14, 0, 1, 0)[1::2]).any()
    with pytest.raises(UsageError, match="a batch takes examples of 2 groups; batch_size=1 is less"):
        evenly.size(1)


def test_a_split_without_what_it_was_drawn_for_is_in_order():
    x, labels = np.arange(12, dtype="float32")[:, None], np.repeat([0, 1], 6)
    split = Split({"features": x, "label": labels}, drawn=Episodes(labels, 2))
    [first, *_] = [x.numpy().ravel() for x, _ in split.batches(4)]
    assert sorted(first // 6) == [0, 0, 1, 1] and len(set(first)) == 4
    np.testing.assert_array_equal(split.inputs(), x)
    for other in (split.take(range(12)), split.with_labels(labels[::-1]), split.in_order):
        assert other.drawn is None
        np.testing.assert_array_equal(np.concatenate([x for x, _ in other.batches(4)]), x)
    few = [x.numpy().ravel().tolist() for x, _ in split.stream(4, steps=5, seed=3)]
    assert len(few) == 5 and len({tuple(row) for row in few}) == 5
