"""Each method is learned in a few steps, and no label takes part in it."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.experiments import probing
from keras_dl.learning.probe import nearest_neighbour
from keras_dl.recipes.representations import CHANGED, METHODS, Representations


def test_every_method_is_learned(tmp_path, monkeypatch):
    recipe = Representations(out=str(tmp_path), seeds=1, steps=40, width=4, batch_size=64)
    monkeypatch.setattr(probing, "ROUNDS", 2)
    results, _ = short_run(recipe)
    accuracy = results.values("accuracy")
    assert accuracy.shape == (len(METHODS) + len(CHANGED), 3)
    same = [results.values("accuracy", method=name)[0, 0] for name in ("views", "rotation", "clusters", "cold", "few")]
    np.testing.assert_allclose(same, same[0])  # one untrained encoder, one probe
    assert accuracy.min() > 15 and results.values("neighbour").min() > 10
    uniformity = results.values("uniformity", method="views")[0]
    assert uniformity[-1] < uniformity[0] - 0.5
    assert results.values("right", method="rotation")[0, -1] > 0.35
    error = results.values("error", method="patches")[0]
    assert error[-1] < error[0]
    assert results.values("information", method="clusters").shape == (1, 3)
    assert (tmp_path / "representations.png").exists()


def test_the_nearest_is_that_of_the_smallest_angle():
    known, labels = np.array([[1.0, 0], [0, 9]]), np.array([4, 7])
    unseen = np.array([[100.0, 1], [0.1, 1], [5, 4]])
    assert nearest_neighbour(known, labels, unseen, np.array([4, 7, 7])) == pytest.approx(2 / 3)


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
        Representations(out=str(tmp_path), **{option: value}).run()
