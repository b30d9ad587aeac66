"""Every way to choose a token goes on with the same beginnings of one text, made of all sentences of the data."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.recipes.sampling import METHODS, REAL, Sampling, one_text

SHORT = {
    "data": "clauses",
    "seeds": 1,
    "vocabulary_size": 300,
    "heads": 1,
    "blocks": 1,
    "steps": 20,
    "texts": 4,
    "beginning": 6,
}


def test_all_ways_are_measured(tmp_path):
    results, claims = short_run(Sampling(out=str(tmp_path), written=12, **SHORT))
    assert len(claims) == 6
    beginnings = set()
    for method in METHODS:
        [row] = [row for row in results.rows if row["method"] == method]
        assert 0 < row["nats"] < 10 and 0 <= row["repeated"] < 100 and 0 < row["different"] <= 100
        beginnings.add(row["text"][:12])
    assert len(beginnings) == 1, "each goes on with the same text"
    nats = {method: results.mean("nats", method=method) for method in METHODS}
    assert nats["beam"] <= nats["greedy"] < nats["temperature 0.3"] < nats["temperature 1.0"]
    assert nats["top-k 5"] < nats["temperature 1.0"] and nats["greedy"] < nats[REAL]


def test_texts_become_one():
    clauses = load("clauses")
    data = one_text(clauses)
    [text] = data.train.columns["text"].values
    sentences = clauses.train.columns["source"].values
    assert text.splitlines() == [*sentences] and len(np.unique(sentences)) > 5000


def test_data_without_texts_and_short_ones_are_refused(tmp_path):
    with pytest.raises(UsageError, match="texts are wanted, digits is image"):
        Sampling(out=str(tmp_path / "digits"), **SHORT | {"data": "digits"}).run()
    with pytest.raises(UsageError, match=r"the test text has [\d,]+ tokens; 50,000 windows of 18 are wanted"):
        Sampling(out=str(tmp_path / "many"), written=12, **SHORT | {"texts": 50_000}).run()
