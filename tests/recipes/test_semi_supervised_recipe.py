"""Both networks are one until pseudo-labels weigh something, then they differ."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.semi_supervised import CHECKS, SemiSupervised


def test_pseudo_labels_begin_after_a_quarter_of_the_steps(tmp_path):
    options = {"steps": 200, "hidden": (64,), "unlabelled_batch_size": 32, "learning_rate": 5e-3}
    results, claims = short_run(SemiSupervised(out=str(tmp_path), seeds=1, **options))
    labels, pseudo = (results.values("accuracy", method=method)[0] for method in ("labels", "pseudo"))
    assert claims[0].exact
    assert len(labels) == CHECKS
    assert (labels[-5:] != pseudo[-5:]).any()
    assert min(labels[-1], pseudo[-1]) > 60
    assert results.mean("entropy", method="pseudo") < results.mean("entropy", method="labels")
    assert np.all(results.values("right") < 100)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("labels", 105, "labels must be a multiple of 10, the classes of digits, got 105"),
        ("labels", 2000, "labels must be below 12.., the pictures of digits, got 2000"),
        ("labels", 0, "labels must be at least 1, got 0"),
        ("steps", 30, "steps must be a positive multiple of 20, got 30"),
        ("weight", 0.0, "weight must be above 0 and finite, got 0.0"),
        ("dropout", 1.0, "dropout must be at least 0 and below 1, got 1.0"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        SemiSupervised(out=str(tmp_path), **{option: value}).run()
