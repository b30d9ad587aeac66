"""Pairs of classes never seen are told in all representations; weights are those that tell known pairs."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.experiments.unseen import METHODS
from keras_dl.recipes.verification import Verification, weighted


def test_all_representations_beat_guessing_on_classes_never_seen(tmp_path):
    results, _claims = short_run(Verification(out=str(tmp_path), seeds=1, steps=20, network="mlp"))
    for method in METHODS:
        assert results.mean("angle", method=method) < 47
    np.testing.assert_array_equal(results.values("shared"), 0)


def test_numbers_that_say_nothing_get_little_weight():
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 20)
    features = np.stack([labels + 0.1 * generator.normal(size=200), generator.normal(size=200)], axis=1)
    told, noise = weighted(features, labels)
    assert told < 0 and abs(noise) < 0.1 * abs(told)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 0, "steps must be at least 1, got 0"),
        (
            "batch_size",
            5,
            "an episode takes 6 examples of each of 2 classes or more, which are 12; batch_size=5",
        ),
        ("network", "mlpp", "did you mean mlp"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        Verification(out=str(tmp_path), **{"network": "mlp", "steps": 2, option: value}).run()
