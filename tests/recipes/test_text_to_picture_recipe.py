"""Pictures are drawn for captions that were seen and for others, and both are judged."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.data.coloured_digits import COLOURS, DIGITS
from keras_dl.recipes.text_to_picture import EACH, TextToPicture, every_caption, held_out, without


def test_a_short_run(tmp_path):
    recipe = TextToPicture(out=str(tmp_path), seeds=1, steps=6, batch_size=8, codes=6, judge_steps=20)
    results, claims = short_run(recipe)
    assert len(claims) == 4
    for name in ("seen: digit", "seen: colour", "new: digit", "new: colour"):
        assert 0 <= results.mean(name) <= 100
    assert results.values("pictures").shape == (1, 60, 8, 8, 3)


def test_the_judges_know_what_a_picture_shows(tmp_path):
    recipe, data = TextToPicture(out=str(tmp_path), judge_steps=200), load("coloured_digits").test
    captions = [*data.columns["captions"].values[:, 0]]
    right = recipe._right(np.repeat(data.inputs(), EACH, axis=0), captions, 0)
    assert right["colour"].mean() > 0.99 and right["digit"].mean() > 0.9


def test_each_digit_is_held_out_in_one_colour():
    for seed in range(3):
        kept = held_out(seed).reshape(len(COLOURS), len(DIGITS))
        assert kept.sum(axis=0).tolist() == [1] * len(DIGITS) and {*kept.sum(axis=1)} == {1, 2}
    assert np.any(held_out(0) != held_out(1))
    data, captions = load("coloured_digits"), every_caption()
    left_out = [captions[place] for place in np.flatnonzero(held_out(0))]
    fewer = without(data, left_out)
    assert not {*fewer.train.columns["captions"].values[:, 0]} & {*left_out}
    assert 0 < len(data.train) - len(fewer.train) < len(data.train) / 3


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("steps", 0, "steps must be at least 1, got 0"), ("codes", 1, "codes must be at least 2, got 1")],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        TextToPicture(out=str(tmp_path), **{option: value}).run()
