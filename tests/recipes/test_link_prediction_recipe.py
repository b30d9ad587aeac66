"""Link prediction: every form is measured, trained ones beat those before training, options that cannot run."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.link_prediction import FORMS, LinkPrediction


def test_what_is_learned_ranks_better_than_what_is_not(tmp_path):
    results, claims = short_run(LinkPrediction(out=str(tmp_path), seeds=1, steps=40, width=8, dropout=0.0))
    assert len(claims) == 5
    for form in FORMS:
        assert 0 < results.mean("mrr", method=form) <= 100
    assert results.mean("mrr", method="rescal") > results.mean("mrr", method="untrained")
    assert results.mean("hits_at_1", method="rescal") <= results.mean("hits_at_10", method="rescal")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 0, "steps must be at least 1, got 0"),
        ("negatives", 0, "negatives must be at least 1, got 0"),
        ("graph", "nowhere", "there is no folder .*nowhere"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        LinkPrediction(out=str(tmp_path), **{option: value}).run()
