"""The source is learned either way; the factor of the reversal is all that differs."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from recipes.domain_adaptation import DomainAdaptation


@pytest.mark.parametrize("target", ["faded", "inverted"])
def test_only_the_reversal_differs(tmp_path, target):
    results, _ = short_run(DomainAdaptation(out=str(tmp_path), seeds=1, steps=100, target=target, learning_rate=3e-3))
    source, adversarial = (results.values("source", method=method)[0] for method in ("source", "adversarial"))
    assert source[0] == adversarial[0]  # the factor begins at 0
    assert min(source[-1], adversarial[-1]) > 50
    domains = [results.values("domain", method=method)[0] for method in ("source", "adversarial")]
    assert (domains[0] != domains[1]).any()


def test_the_target_keeps_to_pixels():
    pictures = np.array([0.0, 255.0])
    assert DomainAdaptation(target="faded").shifted(pictures).tolist() == [100, 176.5]
    assert DomainAdaptation(target="inverted").shifted(pictures).tolist() == [255, 0]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 30, "steps must be a multiple of 20, got 30"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("strength", 0.0, "strength must be above 0 and finite, got 0.0"),
        ("learning_rate", float("nan"), "learning_rate must be above 0 and finite, got nan"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        DomainAdaptation(out=str(tmp_path), **{option: value}).run()
