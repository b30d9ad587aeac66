"""A Transformer and a network without attention translate the same sentences; the score is that of sacrebleu."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.translation import GROUPS, NETWORKS, PARTS, RECURRENT, TRANSFORMER, Translation, bleu


def test_both_translate_ever_better(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_dl.recipes.translation.SCORED", 90)
    recipe = Translation(
        out=str(tmp_path), seeds=1, width=32, blocks=1, steps=200, batch_size=32, learning_rate=1e-2, beams=(2,)
    )
    results, claims = short_run(recipe)
    assert len(claims) == 5
    for network in NETWORKS:
        [curve] = results.values("curve", network=network)
        assert len(curve) == PARTS and 0 <= curve[0] < curve[-1] <= 100
        assert all(0 < results.mean(name, network=network) <= 100 for name in GROUPS)
    assert results.values("beams", network=TRANSFORMER).shape == (1, 1)
    assert results.values("beams", network=RECURRENT).shape == (1, 0)


def test_the_score_is_of_the_places_that_are_asked_for():
    right = ["the cat is on the mat", "a dog sees the red house", "b"]
    written = ["the cat is on the mat", "nothing of it at all", "c"]
    assert bleu(written, right, np.array([0])) == pytest.approx(100)
    assert bleu(written, right, np.array([1, 2])) < 5 < bleu(written, right) < 100


def test_data_that_are_no_pairs_are_refused(tmp_path):
    with pytest.raises(UsageError, match="translation needs"):
        Translation(out=str(tmp_path), data="digits").run()
