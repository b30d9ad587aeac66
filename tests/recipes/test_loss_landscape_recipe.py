"""The loss landscape: what follows from the definitions holds for networks that have hardly begun to learn."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.loss_landscape import LossLandscape


def test_the_short_run(tmp_path):
    results, claims = short_run(LossLandscape(out=str(tmp_path), seeds=1, depth=8, steps=10, grid=5))
    assert [claim.exact for claim in claims] == [True, True, True, False, False]
    assert claims[3].held
    for form in ("none", "pad"):
        assert results.values("losses", form=form).shape == (1, 5, 5)
    assert {path.name for path in tmp_path.glob("*.png")} == {"loss_landscape.png", "rescaling.png"}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("depth", 21, "depth must be 6n . 2, such as 20, 32 or 56, got 21"),
        ("grid", 6, "grid must be odd and at least 5, got 6"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        LossLandscape(**{option: value})
