"""A network that told hidden words and one that did not are fine-tuned with the same few labels."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.masked_words import STARTS, MaskedWords

SHORT = {"seeds": 1, "length": 10, "vocabulary_size": 60, "labels": (8, 16), "pretraining_steps": 30, "steps": 10}


@pytest.fixture
def reviews(tmp_path):
    """A table of sentences with a class."""
    sides = ("bad", "good")
    rows = [
        f"the {('film', 'story')[n // 2 % 2]} is {('so', 'very')[n // 4 % 2]} {sides[n % 2]},{sides[n % 2]}"
        for n in range(120)
    ]
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(["text,label", *rows]))
    return str(path)


def test_both_starts_are_measured(tmp_path, reviews):
    results, claims = short_run(MaskedWords(out=str(tmp_path / "run"), data=reviews, target="label", **SHORT))
    assert len(claims) == 3
    for start in STARTS:
        assert 30 < results.mean("accuracy", start=start) <= 100
    for labels in SHORT["labels"]:
        [row] = [row for row in results.rows if (row["start"], row["labels"]) == ("pretrained", labels)]
        assert 0 < row["nats"] < 5 and 0 < row["frequencies"] < 5 and len(row["filled"]) == 10
    nats = results.values("nats", start="pretrained")
    assert nats[0] == nats[1], "both numbers of labels go on from one network"


def test_data_without_texts_or_classes_are_refused(tmp_path, reviews):
    with pytest.raises(UsageError, match="bert takes texts, digits is image"):
        MaskedWords(out=str(tmp_path / "digits"), data="digits").run()
    with pytest.raises(UsageError, match="examples of each class are wanted; a class has"):
        MaskedWords(out=str(tmp_path / "few"), data=reviews, target="label", **SHORT | {"labels": (8, 400)}).run()
