"""Stages thaw from the last to the first, after the head has learned; the dissimilar task is the same pictures."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError, get_config, saved_model
from keras_dl.data import Split
from keras_dl.recipes.unfreezing import Unfreezing, best_place, turned_and_inverted

LENET = get_config("lenet5_modern", filters=(2, 3), units=(4,), input_shape=(12, 12, 1))


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(saved_model.save(LENET.build(), tmp_path_factory.mktemp("unfreezing") / "base", config=LENET))


def test_its_claims_and_its_figure(base, tmp_path):
    recipe = Unfreezing(base=base, seeds=1, steps=3, labels_per_class=2, out=str(tmp_path))
    results, claims = short_run(recipe)
    assert results.values("accuracy", target="dissimilar").shape == (1, 4)
    assert len(claims) == 3


def test_stages_thaw_from_the_last_to_the_first(base):
    students = Unfreezing(base=base)._students
    thawed = [
        {layer.name.partition("_")[0] for layer in student.model.layers if layer.trainable_weights}
        for student in students
    ]
    stages = ["head", "stage3", "stage2", "stage1"]
    assert thawed == [set(stages[: number + 1]) for number in range(4)]
    rates = [float(student.model.optimizer.learning_rate) for student in students]
    assert np.allclose(rates, [3e-3, 3e-4, 3e-4, 3e-4])


def test_of_equally_good_places_the_first_is_best():
    assert best_place(np.array([[90.0, 92.98050046, 92.98050165]])) == 1
    assert best_place(np.array([[90.0, 92.9], [94.0, 91.0]])) == 0
    assert best_place(np.array([[90.0, 92.9], [94.0, 91.5]])) == 1


def test_the_dissimilar_task():
    picture = np.zeros((1, 3, 3, 1), "float32")
    picture[0, 0, 2] = 200
    turned = turned_and_inverted(Split.of(picture, np.array([4])))
    assert turned.labels.tolist() == [4]
    assert np.argwhere(turned.inputs()[0, ..., 0] == 55).tolist() == [[0, 0]]
    assert (turned.inputs() == 255).sum() == 8


def test_options_that_cannot_run(base, tmp_path):
    with pytest.raises(UsageError, match="labels_per_class must be at least 1, got 0"):
        Unfreezing(labels_per_class=0)
    with pytest.raises(UsageError, match="500 examples of each class are wanted; a class has"):
        Unfreezing(base=base, labels_per_class=500, out=str(tmp_path)).run()
