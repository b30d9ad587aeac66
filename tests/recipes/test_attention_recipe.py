"""With and without attention the same sentences are translated; what is looked at is told and drawn."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.attention import GROUPS, WITH, WITHOUT, Attention, order


def test_both_translate_and_one_looks(tmp_path):
    recipe = Attention(out=str(tmp_path), seeds=1, steps=120, width=32, learning_rate=0.01)
    results, claims = short_run(recipe)
    assert len(claims) == 4
    for network in (WITH, WITHOUT):
        for name in ("bleu", *GROUPS):
            assert 0 < results.mean(name, network=network) <= 100
    [row] = [row for row in results.rows if row["network"] == WITH]
    source, target = row["words"]
    assert np.shape(row["map"]) == (len(target), len(source))
    np.testing.assert_allclose(np.sum(row["map"], axis=1), 1, atol=0.02)
    assert -1 <= row["order"] <= 1


def test_the_order_is_that_of_the_places():
    forward = np.eye(4)[None]
    known = np.array([[True, True, True, False]])
    assert order(forward, known) == pytest.approx(1)
    assert order(forward[:, ::-1], known) == pytest.approx(-1)


def test_data_that_are_no_pairs_are_refused(tmp_path):
    with pytest.raises(UsageError, match="translation needs"):
        Attention(out=str(tmp_path), data="digits").run()
