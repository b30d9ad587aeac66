"""Texts between their beginning and end: one and two, cut from the longer, as BERT's own tokenizers have them."""

import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.data import Data, Spec, Split
from keras_dl.data.bounded import cut, joined, read_as
from keras_dl.data.spec import Column
from keras_dl.data.vocabulary import Vocabulary

LETTERS = Vocabulary(pieces="characters", tokens=tuple("abcdefgh"))
BEGIN, END = LETTERS.encode_ragged([""], bounded=True)[0]
CONFIG = get_config("bert_tiny", length=12)


def popped(lengths, most):
    """What the authors' code leaves: a token less of the longer, of the last where they are equally long."""
    lengths = list(lengths)
    while sum(lengths) > most:
        lengths[0 if len(lengths) == 1 or lengths[0] > lengths[1] else 1] -= 1
    return lengths


def test_tokens_are_cut_from_the_longer():
    for most in range(2, 9):
        for first in range(9):
            assert cut([first], most) == popped([first], most)
            for second in range(9):
                assert cut([first, second], most) == popped([first, second], most), (first, second, most)


def test_one_text_and_two():
    a, b, c = LETTERS.encode_ragged(["abc"])[0]
    [ids], [segments], lengths = joined(LETTERS, [["abc"]], 5)
    assert ids.tolist() == [BEGIN, a, b, c, END] and segments.tolist() == [0] * 5 and lengths == [5]
    ids, segments, lengths = joined(LETTERS, [["abc", "a"], ["ca", ""]], 7)
    assert ids[0].tolist() == [BEGIN, a, b, END, c, a, END] and segments[0].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert ids[1].tolist() == [BEGIN, a, END, END] and segments[1].tolist() == [0, 0, 0, 1]
    assert lengths == [8, 4] and ids[0].dtype == segments[0].dtype == np.int32
    with pytest.raises(UsageError, match="texts need more than 3 tokens, which stand around them; length is 3"):
        joined(LETTERS, [["a"], ["b"]], 3)


def data_of(**texts):
    """Data of columns of texts, twenty of each, and a class."""
    columns = {name: Column(kind="text") for name in texts} | {"label": Column(kind="class", classes=2)}
    examples = {name: np.array(values * 10, object) for name, values in texts.items()}
    split = Split({**examples, "label": np.arange(20) % 2})
    return Data(spec=Spec(name="toy", columns=columns), train=split, validation=split, test=split)


def test_a_text_is_as_long_as_the_longest_for_training():
    data = data_of(text=["one two", "two"])
    short = read_as(CONFIG, data, None, size=40)
    assert [*short.spec.columns] == ["token_ids", "label"] and short.spec.shape == (4,)
    assert CONFIG.for_data(short.spec).length == 4 and not short.notices
    cut_off = read_as(CONFIG.replace(length=3), data, None, size=40)
    assert cut_off.spec.shape == (3,) and cut_off.notices == ("30 of 60 texts were cut to 3 tokens",)
    again = read_as(CONFIG, data_of(text=["two one two one", "one"]), short.spec)
    assert again.spec.shape == (12,), "a trained network keeps its length"
    assert again.spec.columns["token_ids"].vocabulary == short.spec.columns["token_ids"].vocabulary


def test_two_texts_have_segments_and_more_are_refused():
    data = data_of(text=["one", "two"], second_text=["two one", "one"])
    found = read_as(CONFIG, data, None, size=40)
    assert [*found.spec.columns] == ["token_ids", "segment_ids", "label"]
    segments = found.train.columns["segment_ids"].values
    assert segments[0].tolist() == [0, 0, 0, 1, 1, 1] and segments[1].tolist() == [0, 0, 0, 1, 1, 0]
    with pytest.raises(UsageError, match="kim_cnn reads at most 1 at a time of texts; toy has text, second_text"):
        read_as(get_config("kim_cnn"), data, None)
    with pytest.raises(UsageError, match="the model reads 2 at a time of texts; toy has text"):
        read_as(CONFIG, data_of(text=["one", "two"]), found.spec)
