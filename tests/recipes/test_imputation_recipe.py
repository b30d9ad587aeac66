"""Imputation: all methods tell the same hidden cells, of numbers and of words; options that cannot run."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.imputation import METHODS, Imputation


def test_numbers_are_told_better_than_by_their_mean(tmp_path):
    results, claims = short_run(Imputation(out=str(tmp_path), seeds=1, steps=150, units=32))
    assert len(claims) == 4
    errors = {method: results.mean("error", method=method)[1] for method in METHODS}
    assert errors["network"] < 0.9 * errors["mean"] and errors["iterative"] < errors["mean"]
    assert 0.7 < errors["mean"] < 1.5


def test_tables_have_words_and_gaps(tmp_path):
    generator = np.random.default_rng(0)
    x = generator.normal(size=120)
    rows = [
        f"{value:.3f},{'?' if gap else 'up' if value > 0 else 'down'}" for value, gap in zip(x, x > 1.5, strict=True)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["x,way", *rows]))
    table = str(tmp_path / "t.csv")
    results, _ = short_run(Imputation(out=str(tmp_path / "run"), seeds=1, steps=60, units=16, table=table))
    accuracy = {method: results.mean("accuracy", method=method)[1] for method in METHODS}
    assert accuracy["network"] > accuracy["mean"]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("steps", 0, "steps must be at least 1, got 0"), ("table", "no.csv", "there is no folder .*no.csv")],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        Imputation(out=str(tmp_path), **{option: value}).run()
