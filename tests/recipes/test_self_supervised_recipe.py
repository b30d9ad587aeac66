"""Each task is learned to some extent in a few steps, and no label takes part in it."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes import self_supervised
from keras_dl.recipes.self_supervised import TASKS, SelfSupervised


def test_every_task_is_learned(tmp_path, monkeypatch):
    monkeypatch.setattr(self_supervised, "ROUNDS", 2)
    results, _ = short_run(SelfSupervised(out=str(tmp_path), seeds=1, steps=40, width=4, batch_size=64))
    accuracy = results.values("accuracy")
    assert accuracy.shape == (len(TASKS), 3)
    np.testing.assert_allclose(accuracy[:, 0], accuracy[0, 0])  # one untrained encoder, one probe
    assert accuracy.min() > 30
    uniformity, alignment = (results.values(name, task="views")[0] for name in ("uniformity", "alignment"))
    assert uniformity[-1] < uniformity[0] - 0.5
    assert alignment[-1] > alignment[0]
    assert results.values("right", task="rotation")[0, -1] > 0.35
    error = results.values("error", task="hidden")[0]
    assert error[-1] < 0.7 * error[0]
    assert results.values("information", task="clusters").shape == (1, 3)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 30, "steps must be a positive multiple of 8, got 30"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("clusters", 1, "clusters must be at least 2, got 1"),
        ("width", 0, "width must be at least 1, got 0"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
        ("image_size", 7, r"square pictures of even size; digits has inputs of \(7, 7, 1\)"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        SelfSupervised(out=str(tmp_path), **{option: value}).run()
