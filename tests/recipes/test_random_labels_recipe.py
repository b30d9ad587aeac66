"""Random labels are learned and worth nothing; the network of 2n + d weights is exact."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.random_labels import RandomLabels


def test_the_short_run(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_dl.recipes.random_labels.REGULARIZERS", {"shift": "shifted pictures"})
    results, claims = short_run(RandomLabels(out=str(tmp_path), seeds=1, examples=64, epochs=180, points=300))
    curves = {row["inputs"]: row["curve"] for row in results.rows if not row["regularizer"] and "curve" in row}
    assert len(curves) == 5
    assert all(99 <= curve[-1] <= 100 for curve in curves.values())
    assert curves["true"].index(curves["true"][-1]) < curves["random"].index(curves["random"][-1])
    assert results.values("test", inputs="true")[0] > 60
    assert results.values("test", inputs="random", regularizer=None)[0] < 30
    assert [claim.exact for claim in claims].count(True) == 2


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("examples", 31, "examples must be at least 32, got 31"),
        ("points", 1, "points must be at least 2, got 1"),
        ("epochs", 90, "epochs must be a positive multiple of 180, got 90"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        RandomLabels(**{option: value})


def test_too_few_examples_are_refused():
    with pytest.raises(UsageError, match="asks for 5000; digits has"):
        RandomLabels(points=5000).cells()
