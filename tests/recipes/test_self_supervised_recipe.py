"""Each task is learned to some extent in a few steps, and no label takes part in it."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from recipes.self_supervised import ROUNDS, TASKS, SelfSupervised


def test_every_task_is_learned(tmp_path):
    results, _ = short_run(SelfSupervised(out=str(tmp_path), seeds=1, steps=40, width=4, batch_size=64))
    np.testing.assert_allclose(results.values("before"), results.values("before")[0])
    assert all(results.mean("after", task=task) > 30 for task in TASKS)
    uniformity, alignment = (results.values(name, task="views")[0] for name in ("uniformity", "alignment"))
    assert len(uniformity) == ROUNDS + 1
    assert uniformity[-1] < uniformity[0] - 0.5
    assert alignment[-1] > alignment[0]
    assert results.mean("right", task="rotation") > 35
    assert results.mean("error", task="hidden") < 1
    assert len(results.values("information", task="clusters")[0]) == ROUNDS + 1


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 30, "steps must be a multiple of 8, got 30"),
        ("batch_size", 30, "batch_size must be a multiple of 4, got 30"),
        ("clusters", 1, "clusters must be at least 2, got 1"),
        ("width", 0, "width must be at least 1, got 0"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
        ("image_size", 7, r"square pictures of even size; digits has inputs of \(7, 7, 1\)"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        SelfSupervised(out=str(tmp_path), **{option: value}).run()
