"""Capacity: the Hessian at no loss has no more curved directions than values, in the short form too."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.capacity import Capacity

SHORT = {"examples": 100, "widths": (1, 32), "steps": 200, "starts": 2, "fitting_steps": 300}


def test_the_short_run(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_dl.recipes.capacity.FACTORS", (1, 2, 3))
    results, claims = short_run(Capacity(out=str(tmp_path), seeds=1, **SHORT))
    rank = claims[-1]
    assert rank.exact and 25 <= rank.measured[0] <= 50
    assert len(results.values("eigenvalues", part="fit", width=21)[0]) == 21 * 7 + 1
    assert claims[0].held
    assert (
        results.values("train", part="sweep", width=32)[0, -1] < results.values("train", part="sweep", width=1)[0, -1]
    )


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("examples", 20, "examples must be at least 50, got 20"),
        ("starts", 0, "starts must be at least 1, got 0"),
        ("steps", 30, "steps must be a positive multiple of 20, got 30"),
        ("widths", (8, 4), r"widths must be two or more growing numbers, got \(8, 4\)"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        Capacity(**{option: value})


def test_too_few_examples_are_refused():
    with pytest.raises(UsageError, match="examples asks for 5000; digits has"):
        Capacity(examples=5000).cells()
