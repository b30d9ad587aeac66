"""Zero-shot: classes have attributes of their own, both kinds are learned, options that cannot run."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.recipes.zero_shot import METHODS, ZeroShot, by_column, vectors


def test_both_kinds_of_vectors_are_learned(tmp_path):
    results, claims = short_run(ZeroShot(out=str(tmp_path), seeds=1, steps=60, copies=1, network="mlp"))
    assert len(claims) == 4
    for method in METHODS:
        assert results.mean("seen", method=method) > 20
        assert results.mean("all", method=method) <= results.mean("unseen", method=method)


def test_every_class_has_attributes_of_its_own():
    found = vectors()
    assert found.shape == (30, 13) and len({row.tobytes() for row in found}) == 30
    np.testing.assert_array_equal(np.argwhere(found[3 * 7 + 2])[:, 0], [7, 12])
    digits = load("digits").test.take(range(9))
    split = by_column(digits, 3, 0)
    np.testing.assert_array_equal(split.labels // 3, np.repeat(digits.labels, 3))
    for picture, column in zip(split.inputs(), split.labels % 3, strict=True):
        there = np.flatnonzero(picture.sum(axis=(0, 2)))
        assert 3 * column <= there.min() and there.max() < 3 * column + 8


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 0, "steps must be at least 1, got 0"),
        ("network", "mlpp", "did you mean mlp"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        ZeroShot(out=str(tmp_path), **{option: value}).run()
