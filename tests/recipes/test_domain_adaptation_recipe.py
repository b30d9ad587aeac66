"""The source is learned either way; the factor of the reversal is all that differs."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.domain_adaptation import DomainAdaptation


def test_only_the_reversal_differs(tmp_path):
    results, _ = short_run(DomainAdaptation(out=str(tmp_path), seeds=1, steps=100))
    source, adversarial = (results.values("source", method=method)[0] for method in ("source", "adversarial"))
    assert min(source[-1], adversarial[-1]) > 50
    domains = [results.values("domain", method=method)[0] for method in ("source", "adversarial")]
    assert (domains[0] != domains[1]).any()


def test_no_picture_is_in_both_domains_of_the_training(tmp_path):
    recipe = DomainAdaptation(out=str(tmp_path), contrast=1.0, brightness=0.0)
    data = recipe._domains(0)
    pictures, domains = data.train.inputs(), data.train.columns["domain"].values
    source, target = ({picture.tobytes() for picture in pictures[domains == domain]} for domain in (0, 1))
    assert not source & target and len(source | target) == len({p.tobytes() for p in recipe.dataset.train.inputs()})
    np.testing.assert_array_equal(
        data.test.inputs()[data.test.columns["domain"].values == 1], recipe.dataset.test.inputs()
    )


@pytest.mark.parametrize(
    ("contrast", "brightness", "shifted"),
    [(0.5, 80.0, [80, 207.5]), (-1.0, 255.0, [255, 0]), (2.0, -100.0, [0, 255])],
)
def test_the_target_keeps_to_pixels(contrast, brightness, shifted):
    recipe = DomainAdaptation(contrast=contrast, brightness=brightness)
    assert recipe.shifted(np.array([0.0, 255.0])).tolist() == shifted


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 30, "steps must be a positive multiple of 20, got 30"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("strength", 0.0, "strength must be above 0 and finite, got 0.0"),
        ("learning_rate", float("nan"), "learning_rate must be above 0 and finite, got nan"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        DomainAdaptation(out=str(tmp_path), **{option: value}).run()
