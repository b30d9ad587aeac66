"""Sentences that mislead: they answer another question, and the right answer stays where it is said to be."""

import pytest

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.data.answers import of_answers
from keras_dl.data.distractors import misled

TOWER = "The tower in Paris, built in 1889, is 330 m high."
BRIDGE = "The bridge in London opened in the year 1894."
EXAMPLES = [
    ("When was the tower in Paris built?", TOWER, ["1889", "in 1889"], TOWER.index("1889")),
    ("Where is the tower?", TOWER, ["Paris"], TOWER.index("Paris")),
    ("The bridge opened when?", BRIDGE, ["1894"], BRIDGE.index("1894")),
    ("In what city is the Bridge?", BRIDGE, ["London"], BRIDGE.index("London")),
    ("The bridge of London opened when?", BRIDGE, ["1894"], BRIDGE.index("1894")),
]


def check(one):
    for changed in (one, one.with_distractor(), one.with_distractor(front=True)):
        assert changed.context[changed.start :].startswith(one.answers[0])
    assert one.false in one.distractor and one.false not in one.answers
    assert one.with_distractor().context.endswith(one.distractor)
    assert one.with_distractor(front=True).context.startswith(one.distractor)


def test_facts():
    data = load("facts")
    found = misled([data.test], 0)
    assert found == misled([data.test], 0) != misled([data.test], 1)
    assert len(found) == 600 == len({one.context for one in found} - {*data.train.columns["context"].values})
    for one in found:
        check(one)
        ship, *_ = one.question.split()
        sentence = one.context[: one.context.index(".", one.start) + 1].split(". ")[-1]
        beginning, _ = sentence.split(one.answers[0])
        assert one.question.startswith(beginning) and beginning.startswith(ship)
        other = one.distractor.split()[0]
        assert other != ship and one.distractor.startswith(beginning.replace(ship, other) + one.false)
    assert found[0].question == "Atlas belongs to whom?"


def test_questions_in_the_form_of_squad():
    data = of_answers(dict.fromkeys(("train", "validation", "test"), EXAMPLES), name="toy", validation=0.1, seed=0)
    found = misled([data.train], 0)
    assert [one.question for one in found] == [EXAMPLES[place][0] for place in (0, 4)], "the others have no names"
    assert found[0].answers == ("1889", "in 1889")
    for one in found:
        check(one)
        assert one.false not in one.context
    assert [one.distractor for one in found] == [
        "1894 was the tower in London built.",
        "The bridge of Paris opened 1889.",
    ]


def test_other_data_are_refused():
    with pytest.raises(UsageError, match="questions with answers in a text are wanted, such as facts or xquad/en"):
        misled([load("digits").train], 0)
