"""The ladder of 1989: every row trains the same network, on the draw of its seed, as its row says."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.lazy import tf
from keras_dl.recipes.lecun_1989 import ROWS, LeCun1989, drawn, shift


@pytest.mark.filterwarnings("ignore:Even though the .tf.config.experimental_run_functions_eagerly")
def test_the_short_run(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_dl.recipes.lecun_1989.FEW", (200, 100))
    kept = ("faithful", "cross_entropy", "modern")
    monkeypatch.setattr("keras_dl.recipes.lecun_1989.ROWS", {name: ROWS[name] for name in kept})
    monkeypatch.setattr("keras_dl.recipes.lecun_1989.COMPARED", ())
    tf.config.run_functions_eagerly(True)
    try:
        results, claims = short_run(LeCun1989(out=str(tmp_path), seeds=1, passes=0.003))
    finally:
        tf.config.run_functions_eagerly(False)
    assert results.values("weights").tolist() == [9760] * 3
    assert [claim.exact for claim in claims] == [True, False, False, False]


def test_rows_are_trained_as_they_say(monkeypatch):
    monkeypatch.setattr("keras_dl.recipes.lecun_1989.MANY", (1_000, 300))
    recipe = LeCun1989(passes=0.1)
    assert [cell["row"] for cell in recipe.cells()] == list(ROWS)
    networks = {name: recipe._config(name) for name in ROWS}
    assert networks["faithful"] == networks["faithful_50000"]
    assert networks["cross_entropy"] == networks["shift"] == networks["faithful"].replace(classifier_activation=None)
    assert networks["modern"].replace(dropout_after="h2") == networks["modern_h2"] != networks["modern"]
    assert recipe._steps("shift") == 6 * len(recipe._splits[0])
    kinds = {name: type(loop.model.optimizer).__name__ for name, loop in recipe._loops.items()}
    assert [name for name in ROWS if kinds[name] == "SGD"] == ["faithful", "cross_entropy", "faithful_50000"]
    rate = recipe._loops["adamw"].model.optimizer._learning_rate
    np.testing.assert_allclose([rate(0), rate(recipe._steps("adamw"))], [3e-4, 1e-4], rtol=1e-6)


def test_data_without_50000_examples_have_fewer_rows():
    assert {cell["row"] for cell in LeCun1989().cells()} == {name for name in ROWS if not ROWS[name].many}


def test_the_seed_draws_the_examples():
    split = load("digits").train
    first, again, other = (drawn(split, 50, seed).labels for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert len(drawn(split, 10**6, 0)) == len(split)


def test_pictures_move_by_a_pixel():
    picture = np.zeros((1, 16, 16, 1), "float32")
    picture[0, 5, 9] = 255
    moved = [shift(tf.constant(picture), tf.constant([seed, 0], "int64")).numpy() for seed in range(200)]
    places = {tuple(np.argwhere(each)[0][1:3] - (5, 9)) for each in moved}
    assert places == {(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)}


def test_impossible_passes():
    with pytest.raises(UsageError, match="passes must be above 0 and at most 10, got 0.0"):
        LeCun1989(passes=0.0)
