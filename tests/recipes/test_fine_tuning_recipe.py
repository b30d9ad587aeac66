"""A transformer is tuned in part, whole and by adapters, from the same weights."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.fine_tuning import ALL, HEAD, LAST, FineTuning, changed

SHORT = {"seeds": 1, "ranks": (1, 2), "blocks": 1, "base_steps": 60, "steps": 20}


def test_every_method_trains_as_much_as_it_says(tmp_path):
    recipe = FineTuning(out=str(tmp_path), **SHORT)
    results, claims = short_run(recipe)
    assert len(claims) == 5
    trained = {cell["method"]: results.mean("trained", **cell) for cell in recipe.cells()}
    total = results.mean("total", method=ALL)
    width, classes = 32, 10
    head = width * classes + classes
    assert trained[HEAD] == head and trained[ALL] == total
    assert head < trained["rank 1"] < trained["rank 2"] < trained[LAST] < total
    assert trained["rank 2"] - head == 2 * (trained["rank 1"] - head)
    assert all(5 < row["accuracy"] <= 100 for row in results.rows)


def test_the_other_pictures_are_turned_and_inverted():
    pictures = np.arange(6, dtype="float32").reshape(1, 2, 3, 1)
    np.testing.assert_array_equal(changed(pictures)[0, ..., 0], 255 - np.array([[2, 5], [1, 4], [0, 3]]))


def test_more_labels_than_there_are_are_refused(tmp_path):
    with pytest.raises(UsageError, match="1000"):
        FineTuning(out=str(tmp_path), labels_per_class=1000).run()
