"""The optimizers are compared, and each equals its formula."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.optimizers import METHODS, Optimizers


def test_formulas_hold_and_momentum_halves_the_steps(tmp_path):
    results, claims = short_run(Optimizers(out=str(tmp_path), seeds=1, steps=20))
    assert sum(claim.exact for claim in claims) == 10
    verdicts = {claim.text: claim.held for claim in claims}
    assert all(
        held for text, held in verdicts.items() if "condition 100" in text or "explodes" in text or "finite" in text
    )
    assert all(len(results.values("losses", problem="network", method=method)[0]) == 21 for method in METHODS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 30}, "steps must be a positive multiple of 20, got 30"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_run(options, words):
    with pytest.raises(UsageError, match=words):
        Optimizers(**options)
