"""Zero-shot: the control has no digit's own segments, both methods are measured, options that cannot run."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.zero_shot import METHODS, ZeroShot, vectors


def test_both_kinds_of_vectors_are_learned(tmp_path):
    results, claims = short_run(ZeroShot(out=str(tmp_path), seeds=1, steps=40, network="mlp"))
    assert len(claims) == 4
    for method in METHODS:
        assert results.mean("seen", method=method) > 30
        assert results.mean("all", method=method) <= results.mean("unseen", method=method)


def test_every_digit_has_segments_of_its_own():
    found = vectors()
    assert found.shape == (10, 7) and len({row.tobytes() for row in found}) == 10
    assert (found[8] == 1).all() and np.abs(found).min() == 1
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(10)
        dealt = np.roll(order, 1)[np.argsort(order)]
        assert sorted(dealt) == [*range(10)] and (dealt != np.arange(10)).all()


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 0, "steps must be at least 1, got 0"),
        ("network", "mlpp", "did you mean mlp"),
        ("data", "clauses", "pictures are wanted, clauses is text"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        ZeroShot(out=str(tmp_path), **{option: value}).run()
