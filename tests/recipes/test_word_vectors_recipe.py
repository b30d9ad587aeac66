"""Vectors of a small text, learned and counted, answer analogies; files of questions are read."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.word_vectors import METHODS, WordVectors

KINDS = [("red", "blue", "green", "black"), ("dog", "cat", "car", "boy"), ("dogs", "cats", "cars", "boys")]


@pytest.fixture
def texts(tmp_path):
    generator = np.random.default_rng(0)
    rows = [f"{' '.join(generator.choice(KINDS[place % 3], 5))},{place % 3}" for place in range(150)]
    (tmp_path / "texts.csv").write_text("\n".join(["text,label", *rows]))
    (tmp_path / "questions.txt").write_text(": plurals\ndog dogs cat cats\nDog dogs unknown words\nboy boys car cars\n")
    (tmp_path / "pairs.tsv").write_text("# words\nred\tblue\t9\nred\tdogs\t1\ncat\tdog\t8\nno\tword\t3\n")
    return tmp_path


def test_learned_and_counted_vectors_answer(texts):
    recipe = WordVectors(
        data=str(texts / "texts.csv"),
        target="label",
        out=str(texts / "run"),
        seeds=1,
        width=8,
        steps=150,
        batch_size=32,
        learning_rate=2e-2,
        questions=str(texts / "questions.txt"),
        similarity=str(texts / "pairs.tsv"),
    )
    results, claims = short_run(recipe)
    assert len(claims) == 7
    for method in METHODS:
        assert results.mean("neighbours", method=method) == 100
        assert (results.mean("asked", method=method), results.mean("pairs", method=method)) == (2, 3)
        assert 0 <= results.mean("questions", method=method) <= 100
        assert results.mean("similarity", method=method) > 0


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("width", 0, "width must be at least 1, got 0"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("least", 10**6, "0 words that stand there 1000000 times or more"),
        ("questions", "nowhere.txt", "nowhere.txt cannot be read: No such file"),
    ],
)
def test_options_that_cannot_run(texts, option, value, words):
    with pytest.raises(UsageError, match=words):
        WordVectors(
            **{"data": str(texts / "texts.csv"), "target": "label", "out": str(texts / "run"), "width": 8, "steps": 2}
            | {option: value}
        ).run()
