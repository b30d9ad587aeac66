"""Layers learned without labels are where fine-tuning starts."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.unsupervised_pretraining import UnsupervisedPretraining


def test_fine_tuning_starts_from_what_was_learned_without_labels(tmp_path):
    options = {"seeds": 1, "hidden": (32, 16), "steps": 100, "pretraining_steps": 300, "learning_rate": 0.01}
    results, claims = short_run(UnsupervisedPretraining(out=str(tmp_path), **options))
    assert [claim.exact for claim in claims] == [True, False, False, False]
    for start in ("random", "autoencoder", "rbm"):
        assert results.mean("accuracy", start=start) > 40
    first, second = results.mean("errors", start="rbm")
    assert 0 < second < 1 and 0 < first < 1
    assert np.shape(results.values("filters", start="rbm")) == (1, 10, 8, 8, 1)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("labels", 0, "labels must be at least 1, got 0"),
        ("labels", 5000, "labels asks for 5000; digits has 12.. training examples"),
        ("hidden", (), r"hidden must be one number or more, got \(\)"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("pretraining_steps", 0, "pretraining_steps must be at least 1, got 0"),
        ("learning_rate", float("inf"), "learning_rate must be above 0 and finite, got inf"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        UnsupervisedPretraining(out=str(tmp_path), **{option: value}).run()
