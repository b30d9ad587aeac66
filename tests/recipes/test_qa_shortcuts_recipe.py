"""Networks are asked about the same texts with and without a sentence that misleads; real questions work too."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data.answers import of_answers
from keras_dl.recipes.qa_shortcuts import PLAIN, TESTS, WARNED, QAShortcuts

SHORT = {"seeds": 1, "steps": 5, "vocabulary_size": 110}


def test_both_networks_are_asked_all_texts(tmp_path):
    results, claims = short_run(QAShortcuts(out=str(tmp_path), **SHORT))
    assert len(claims) == 4
    for learned in (PLAIN, WARNED):
        [row] = [row for row in results.rows if row["learned"] == learned]
        for name in TESTS:
            assert 0 <= row[f"{name}: exact"] <= row[f"{name}: f1"] <= 100
        assert len(row["maps"]) == len(row["titles"]) == 2
        without, added = ("".join(one["words"]) for one in row["maps"])
        assert added.startswith(without), (without, added)
        assert all(len(one["words"]) == len(one["values"]) for one in row["maps"])


def test_paragraphs_of_real_questions_are_in_one_split(monkeypatch, tmp_path):
    rows = [
        (f"What stands in {town}?", f"In the town {town} stands {thing}.", [thing], len(f"In the town {town} stands "))
        for town in range(30)
        for thing in ("a tower", "a house")
    ]
    data = of_answers({"train": rows}, name="towns", validation=0.1, seed=0)
    monkeypatch.setattr(QAShortcuts, "dataset", data)
    train, test = QAShortcuts(out=str(tmp_path), data="towns")._questions(1)
    contexts = [{one.context for one in part} for part in (train, test)]
    assert not contexts[0] & contexts[1] and len(contexts[1]) == 12 and len(train) + len(test) == 60
    again = QAShortcuts(out=str(tmp_path), data="towns")._questions(2)
    assert [one.question for one in again[1]] == [one.question for one in test]
    assert np.any([one.distractor != other.distractor for one, other in zip(test, again[1], strict=True)])


def test_other_data_are_refused(tmp_path):
    with pytest.raises(UsageError, match="questions with answers in a text are wanted"):
        QAShortcuts(out=str(tmp_path), data="digits", **SHORT).run()
