"""Networks of growing width, depth and data are trained and probed; the middle one is one of each row."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.next_word import NextWord

SHORT = {
    "seeds": 1,
    "heads": (1, 2),
    "blocks": (1, 2),
    "parts": (1, 4),
    "length": 10,
    "vocabulary_size": 300,
    "labels": 20,
    "steps": 24,
}


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


def test_every_network_is_trained_and_probed(tmp_path, reviews):
    results, claims = short_run(NextWord(out=str(tmp_path / "run"), data=reviews, target="label", **SHORT))
    assert len(claims) == 6
    found = {(row["heads"], row["blocks"], row["part"]): row for row in results.rows}
    assert found.keys() == {(1, 2, 1), (2, 2, 1), (2, 1, 1), (2, 2, 4)}
    assert found[2, 2, 4]["texts"] == found[2, 2, 1]["texts"] // 4
    for (heads, blocks, _), row in found.items():
        width = 16 * heads
        assert row["parameters"] == blocks * (12 * width**2 + 13 * width) + 2 * width
        assert 0 < row["nats"] < 6 and 0 <= row["random"] <= 100 and 50 < row["pretrained"] <= 100


def test_data_without_classes_and_few_labels_are_refused(tmp_path, reviews):
    with pytest.raises(UsageError, match="texts with a class are wanted; clauses|a column of text"):
        NextWord(out=str(tmp_path / "clauses"), data="digits").run()
    with pytest.raises(UsageError, match="labels must be at least 2, one of each class, got 1"):
        NextWord(out=str(tmp_path / "few"), data=reviews, target="label", **SHORT | {"labels": 1}).run()
