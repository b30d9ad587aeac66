"""Pictures are judged while they become better, with what collapses and what mends it."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.adversaries import COLLAPSED, LEARNED, MENDED, PARTS, Adversaries


def test_a_short_run(tmp_path):
    settings = {"filters": 8, "steps": 10, "batch_size": 16, "judge": "mlp", "judge_width": 1.0, "judge_steps": 60}
    results, claims = short_run(Adversaries(out=str(tmp_path), seeds=1, **settings))
    assert len(claims) == 5
    for method in (LEARNED, COLLAPSED, MENDED):
        assert results.values("judge", method=method)[0] > 50
        assert results.values("recall", method=method).shape == (1, PARTS + 1)
        entropy = results.values("entropy", method=method)
        assert 0 <= entropy.min() <= entropy.max() <= 2.303


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("filters", 0, "filters must be at least 1, got 0"),
        ("too_large", 0.0, "too_large must be above 0 and finite, got 0.0"),
        ("judge", "mlpp", "did you mean mlp"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        Adversaries(out=str(tmp_path), **{"judge": "mlp", option: value}).run()
