"""Double descent: the exact families hold at any size, and options that cannot run are refused."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.double_descent import DoubleDescent

SHORT = {"seeds": 1, "examples": 60, "widths": (2, 16), "steps": 40}


def test_the_short_run(tmp_path):
    results, claims = short_run(DoubleDescent(out=str(tmp_path), **SHORT))
    assert [claim.exact for claim in claims].count(True) == 3
    assert claims[0].held
    peak, far = claims[4:6]
    assert peak.measured[0] > 0
    assert far.measured[0] > 20
    assert results.values("test", family="network", width=16).shape == (1,)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("examples", 0, "examples must be at least 1, got 0"),
        ("wrong_labels", 1.0, "wrong_labels must be at least 0 and below 1, got 1.0"),
        ("widths", (8, 4), r"widths must be two or more growing numbers, got \(8, 4\)"),
        ("widths", (8,), "widths must be two or more growing numbers"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        DoubleDescent(**{option: value})


def test_too_few_examples_are_refused():
    with pytest.raises(UsageError, match="examples asks for 5000; digits has"):
        DoubleDescent(examples=5000).cells()
