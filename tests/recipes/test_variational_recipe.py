"""Both parts of the bound are found for codes of every width, and the plane is one of pictures."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.variational import WIDTHS, Variational


def test_codes_of_all_widths_are_measured(tmp_path):
    results, claims = short_run(Variational(out=str(tmp_path), seeds=1, steps=200, units=32, learning_rate=3e-3))
    assert len(claims) == 6
    for width in WIDTHS:
        parts = results.mean("kl", width=width) + results.mean("reconstruction", width=width)
        assert results.mean("loss", width=width) == pytest.approx(parts, rel=1e-4)
        assert results.mean("many", width=width) < results.mean("one", width=width)
    assert results.values("plane", width=2).shape == (1, 144, 8, 8, 1)
    assert results.mean("neighbours", width=2) > 30
    assert results.mean("by_components", width=2) == pytest.approx(61.56, abs=0.01)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("units", 0, "units must be at least 1, got 0"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        Variational(out=str(tmp_path), **{option: value}).run()
