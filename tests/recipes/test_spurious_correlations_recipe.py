"""The groups are Waterbirds' in size, backgrounds are painted, and the last layer alone is learned anew."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import Split, load
from keras_dl.recipes.spurious_correlations import SHARES, SpuriousCorrelations, birds, paint


def test_a_new_last_layer_repairs_the_worst_group(tmp_path):
    results, claims = short_run(SpuriousCorrelations(out=str(tmp_path), seeds=1, steps=200))
    assert [claim.exact for claim in claims] == [True, False, False, False, False, True]
    row = results.rows[0]
    assert np.shape(row["learned"]) == np.shape(row["retrained"]) == (4,)
    assert min(row["retrained"]) > min(row["learned"]) + 20


def test_groups_have_their_shares_labels_and_backgrounds():
    split = load("digits", validation=0.3).train
    train, groups = birds(split, 10, SHARES, 128.0, np.random.default_rng(0))
    counts = np.bincount(groups)
    assert np.abs(counts - SHARES * len(groups)).max() <= 1
    assert len(groups) > 0.6 * len(split)
    np.testing.assert_array_equal(train.labels, groups // 2)
    darkest = train.inputs().min(axis=(1, 2, 3))
    np.testing.assert_array_equal(darkest[groups % 2 == 1], 128)
    np.testing.assert_array_equal(darkest[groups % 2 == 0], 0)
    originals = {picture.tobytes() for picture in split.inputs()[split.labels >= 5]}
    assert all(picture.tobytes() in originals for picture in train.inputs()[groups == 2])


def test_paint_keeps_white_and_lifts_black():
    pictures = np.array([[[[0.0], [255.0]]], [[[0.0], [255.0]]]])
    np.testing.assert_array_equal(paint(pictures, np.array([0, 1]), 100.0).ravel(), [0, 255, 100, 255])


def test_too_few_pictures():
    few = Split.of(np.zeros((20, 2, 2, 1), np.uint8), np.arange(20) % 10)
    with pytest.raises(UsageError, match="20 pictures are too few for groups of 73%, 4%, 1%, 22%"):
        birds(few, 10, SHARES, 128.0, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 0, "steps must be at least 1, got 0"),
        ("batch_size", -1, "batch_size must be at least 1, got -1"),
        ("water", 255.0, "water must be above 0 and below 255, got 255.0"),
        ("learning_rate", float("nan"), "learning_rate must be above 0 and finite, got nan"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        SpuriousCorrelations(**{option: value})
