"""Four kinds of networks tell the classes of the same texts; the embedded sentences have a class by their rules."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.recipes.text_classification import GROUPS, NETWORKS, TextClassification, of_clauses


def test_all_networks_learn_from_the_same_texts(tmp_path):
    recipe = TextClassification(
        out=str(tmp_path), seeds=1, examples=(200, 1000), width=16, length=32, steps=60, learning_rate=1e-2
    )
    results, claims = short_run(recipe)
    assert len(claims) == 5
    for network in NETWORKS:
        for examples in recipe.examples:
            found = [results.mean(name, network=network, examples=examples) for name in GROUPS]
            assert results.mean("accuracy", network=network, examples=examples) == pytest.approx(np.mean(found))
            assert all(0 <= one <= 100 for one in found)
    assert results.mean("accuracy", network=NETWORKS[0], examples=1000) > 55


def test_the_class_is_the_gender_of_who_acts_last():
    data = of_clauses(load("clauses"))
    names = np.array(data.spec.class_names)
    feminine = {"car", "house", "girl", "table"}
    for text, label in zip(data.test.columns["text"].values, data.test.columns["label"].values, strict=True):
        assert (text.split(" and ")[-1].split()[2] in feminine) == (names[label] == "feminine")
    shares = np.bincount(data.train.columns["label"].values) / len(data.train)
    assert shares.min() > 0.45


def test_what_has_no_class_is_refused(tmp_path):
    with pytest.raises(UsageError, match="texts with a class are wanted; digits is image"):
        TextClassification(out=str(tmp_path), data="digits", seeds=1).run()
    with pytest.raises(UsageError, match="examples asks for 7000; clauses has 6000"):
        TextClassification(out=str(tmp_path / "few"), seeds=1, examples=(10, 7000)).run()
