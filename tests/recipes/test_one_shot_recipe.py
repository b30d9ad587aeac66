"""Classes never seen are named, in all representations."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import Split
from keras_dl.experiments.unseen import METHODS, turned
from keras_dl.recipes.one_shot import OneShot


def test_all_representations_beat_guessing_on_classes_never_seen(tmp_path):
    results, _claims = short_run(OneShot(out=str(tmp_path), seeds=1, steps=10, network="mlp"))
    for method in METHODS:
        one, five = (results.mean(f"shots{shots}", method=method) for shots in (1, 5))
        assert 30 < one < five
    np.testing.assert_array_equal(results.values("shared"), 0)


def test_a_turn_of_a_class_is_a_class():
    split = Split.of(np.arange(8, dtype=np.float32).reshape(2, 2, 2, 1), np.array([0, 3]))
    eight = turned(split)
    assert sorted(eight.labels) == [*range(8), *range(24, 32)]
    pictures = eight.inputs()[eight.labels < 8]
    assert len({picture.tobytes() for picture in pictures}) == 8
    assert all(sorted(picture.ravel()) == [0, 1, 2, 3] for picture in pictures)
    with pytest.raises(UsageError, match="only square pictures can be turned"):
        turned(Split.of(np.zeros((2, 2, 3, 1), np.uint8), np.array([0, 3])))


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 0, "steps must be at least 1, got 0"),
        ("queries", 0, "queries must be at least 1, got 0"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("learning_rate", -1.0, "learning_rate must be above 0 and finite, got -1.0"),
        ("network", "mlpp", "did you mean mlp"),
        ("width", 0.0, "width must be above 0 and finite, got 0.0"),
        ("queries", 200, "an episode takes 201 examples of each class"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        OneShot(out=str(tmp_path), **{"network": "mlp", option: value}).run()
