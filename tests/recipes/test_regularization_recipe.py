"""Every technique is measured beside none, and what follows from its definition holds."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes import regularization
from keras_dl.recipes.regularization import Regularization


def test_a_short_run(tmp_path):
    results, claims = short_run(Regularization(out=str(tmp_path), seeds=1, steps=20, hidden=(16, 16), examples=60))
    assert sum(claim.exact for claim in claims) == 4
    assert {row["technique"] for row in results.rows} == {*regularization.TECHNIQUES, "committee", "early stopping"}
    impatient, patient = (results.values("rounds", technique="early stopping", patience=n)[0] for n in (1, 10))
    assert impatient <= patient <= 2


def test_so_many_labels_are_wrong_and_the_seed_decides_which():
    recipe = Regularization(examples=1000, noise=0.3)
    truth = {picture.tobytes(): label for picture, label in zip(
        recipe.dataset.train.inputs(), recipe.dataset.train.labels, strict=True
    )}  # fmt: skip
    x, y = recipe._examples(np.random.default_rng(0))
    assert np.mean([truth[picture.tobytes()] != label for picture, label in zip(x, y, strict=True)]) == pytest.approx(
        0.3, abs=0.04
    )
    assert set(y) == set(range(10))
    np.testing.assert_array_equal(y, recipe._examples(np.random.default_rng(0))[1])
    assert (y != recipe._examples(np.random.default_rng(1))[1]).any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 30}, "steps must be a positive multiple of 20, got 30"),
        ({"examples": 0}, "examples must be at least 1, got 0"),
        ({"noise": 1.0}, "noise must be at least 0 and below 1, got 1.0"),
        ({"hidden": (0,)}, "hidden must be at least 1, got 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
    ],
)
def test_options_that_cannot_run(options, words):
    with pytest.raises(UsageError, match=words):
        Regularization(**options)


def test_more_examples_than_there_are(tmp_path):
    with pytest.raises(UsageError, match="examples asks for 5000; digits has 12"):
        Regularization(out=str(tmp_path), examples=5000).run()
