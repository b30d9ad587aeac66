"""Vocabularies: what is a word, texts there and back, the same ids in any process, files that are none."""

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import keras_dl
from keras_dl.data.vocabulary import BEGIN, END, PAD, SPECIAL, UNKNOWN, Vocabulary

TEXTS = ["It's a film (or not?)", "I can't say: they'll film it!", "film, film & film"]
ACCENTS = ["Ça va très bien, où êtes-vous ?", "日本語 🎬 ok", "", "a\nb\tc  d", "\ud800 half"]


def test_words_are_those_of_kim():
    words = Vocabulary.of(TEXTS, "words")
    cut = ["It", "'s", "a", "film", "(", "or", "not", "?", ")"]
    assert words.decode(words.encode(TEXTS[:1], 9)) == [" ".join(cut)]
    assert words.decode(words.encode(TEXTS[1:2], 20)) == ["I ca n't say they 'll film it !"]
    assert words.tokens[0] == "film" and set(cut) < set(words.tokens)
    assert list(words.tokens[1:]) == sorted(words.tokens[1:]), "all others are there once"
    small = Vocabulary.of(TEXTS, "words", lower=True)
    assert "it" in small.tokens and "It" not in small.tokens
    np.testing.assert_array_equal(small.encode(["FILM"], 1), small.encode(["film"], 1))


@pytest.mark.skipif("TFDS_DATA_DIR" not in os.environ, reason="TFDS_DATA_DIR does not say where real data are")
@pytest.mark.parametrize(("name", "splits", "words"), [("mr_polarity", "train", 18_765), ("trec", "train+test", 9_592)])
def test_there_are_as_many_words_as_kim_counts(name, splits, words):
    import tensorflow_datasets as tfds

    data = tfds.load(name, split=splits, download=False)
    texts = [example["text"].decode() for example in data.as_numpy_iterator()]
    assert len(Vocabulary.of(texts, "words").tokens) == words


def test_ids_are_padded_cut_and_bounded():
    letters = Vocabulary(pieces="characters", tokens=("a", "b", "c"))
    assert (PAD, UNKNOWN, BEGIN, END, len(letters)) == (0, 1, 2, 3, SPECIAL + 3)
    token_ids = letters.encode(["abc", "", "cxa", "abcabc"], 4)
    assert token_ids.dtype == np.int32
    np.testing.assert_array_equal(token_ids, [[4, 5, 6, 0], [0, 0, 0, 0], [6, 1, 4, 0], [4, 5, 6, 4]])
    ragged = letters.encode_ragged(["ab", ""], bounded=True)
    assert [list(ids) for ids in ragged] == [[2, 4, 5, 3], [2, 3]]
    assert letters.decode([[2, 4, 5, 3, 6, 6], *token_ids]) == ["ab", "abc", "", "c\ufffda", "abca"]
    np.testing.assert_array_equal(letters.encode(["abc"], 4, bounded=True), [[2, 4, 5, 6]])


@pytest.mark.parametrize("pieces", ["characters", "bpe"])
def test_texts_come_back_as_they_were(pieces):
    vocabulary = Vocabulary.of(TEXTS + ACCENTS, pieces, size=300 if pieces == "bpe" else None)
    back = vocabulary.decode(vocabulary.encode_ragged(TEXTS + ACCENTS))
    assert back == [*TEXTS, *ACCENTS[:-1], "? half"]


def test_bpe_knows_texts_that_it_never_saw_and_grows_to_its_size():
    small, large = (Vocabulary.of(TEXTS * 10, "bpe", size=size) for size in (SPECIAL + 256, 280))
    assert (len(small), len(large)) == (260, 280)
    assert small.merges == () and len(large.merges) == 20
    for vocabulary in (small, large):
        token_ids = vocabulary.encode_ragged(ACCENTS)
        assert vocabulary.decode(token_ids)[:4] == ACCENTS[:4]
        assert not any(np.any(ids < SPECIAL) for ids in token_ids)
    assert sum(map(len, large.encode_ragged(TEXTS))) < sum(map(len, small.encode_ragged(TEXTS))) == len("".join(TEXTS))


def test_wordpiece_is_that_of_tokenizers_and_joins_frequent_pieces():
    from tokenizers import BertWordPieceTokenizer

    small, large = (Vocabulary.of(TEXTS * 10, "wordpiece", size=size, lower=True) for size in (48, 53))
    assert small.tokens[:5] == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]") == large.tokens[:5]
    assert (small.special, len(small), len(large)) == ((0, 1, 2, 3, 4), 48, 53)
    assert "film" in large.tokens and "##ilm" not in small.tokens
    theirs = BertWordPieceTokenizer({token: number for number, token in enumerate(large.tokens)}, lowercase=True)
    texts = [*TEXTS, *ACCENTS[:4], "The [MASK] is Á film"]
    for bounded in (False, True):
        expected = [theirs.encode(text, add_special_tokens=bounded).ids for text in texts]
        assert [ids.tolist() for ids in large.encode_ragged(texts, bounded=bounded)] == expected
    assert large.decode(large.encode(["Film, film & films!", "a [MASK] film"], 30, bounded=True)) == [
        "film, film & \ufffd!",
        "a [MASK] film",
    ]
    assert sum(map(len, large.encode_ragged(TEXTS))) < sum(map(len, small.encode_ragged(TEXTS)))


def test_the_most_frequent_pieces_are_kept():
    vocabulary = Vocabulary.of(["aaabbc", "abcd"], "characters", size=SPECIAL + 2)
    assert vocabulary.tokens == ("a", "b")
    assert vocabulary.decode(vocabulary.encode(["abd"], 3)) == ["ab\ufffd"]


SCRIPT = """
import hashlib, sys
from keras_dl.data.vocabulary import Vocabulary
texts = [f"{a} {b}{a} the words of {b}, one after another" for a in range(40) for b in ("xyz", "zyx", "\u00e9t\u00e9")]
for pieces, size in (("characters", None), ("bpe", 400), ("wordpiece", 120)):
    vocabulary = Vocabulary.of(texts, pieces, size=size)
    ids = b"".join(one.tobytes() for one in vocabulary.encode_ragged(texts))
    print(hashlib.sha256(vocabulary.to_json().encode() + ids).hexdigest())
assert not {"keras", "tensorflow"} & set(sys.modules)
"""


def test_ids_are_the_same_in_any_process():
    def printed(seed, parallel):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TOKENIZERS_PARALLELISM": parallel}
        done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = printed("1", "false")
    assert len(first.split()) == 3
    assert printed("2", "true") == printed("3", "false") == first


@pytest.mark.parametrize(("pieces", "size"), [("words", None), ("characters", 20), ("bpe", 280), ("wordpiece", 60)])
def test_json_and_pickle_keep_it(pieces, size):
    vocabulary = Vocabulary.of(TEXTS, pieces, size=size, lower=True)
    ids = vocabulary.encode(TEXTS, 30)
    for copy in (Vocabulary.from_json(vocabulary.to_json()), pickle.loads(pickle.dumps(vocabulary))):
        assert copy == vocabulary and hash(copy) == hash(vocabulary)
        np.testing.assert_array_equal(copy.encode(TEXTS, 30), ids)


GOOD = {"pieces": "characters", "lower": False, "tokens": ["a", "b"], "merges": []}
PIECES = json.loads(Vocabulary.of(TEXTS, "wordpiece", size=60).to_json())
BPE = json.loads(Vocabulary.of(TEXTS, "bpe", size=280).to_json())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the vocabulary is no JSON that can be read"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"pieces": "words", "pieces": "bpe"}', "it has the key 'pieces' twice"),
        ("[]", "the vocabulary has no pieces, lower, tokens and merges, or more"),
        (json.dumps(GOOD | {"more": 1}), "or more"),
        (json.dumps(GOOD | {"pieces": "syllables"}), "unknown pieces 'syllables'"),
        (json.dumps(GOOD | {"lower": 1}), "lower must be bool, got 1"),
        (json.dumps(GOOD | {"tokens": []}), "tokens must be 1 to 1,048,572 different texts, got ()"),
        (json.dumps(GOOD | {"tokens": ["a", "a"]}), "different texts"),
        (json.dumps(GOOD | {"tokens": ["a", 3]}), "tokens must be str, got 3"),
        (json.dumps(GOOD | {"tokens": {"a": 1}}), "tokens must be a list of values"),
        (json.dumps(GOOD | {"tokens": ["a", "bc"]}), "tokens must be characters, got 'bc'"),
        (json.dumps(GOOD | {"tokens": ["A"], "lower": True}), "tokens must be characters, got 'A'"),
        (json.dumps(GOOD | {"tokens": ["\ud800"]}), "tokens must be characters, got"),
        (json.dumps(GOOD | {"merges": [["a", "b"]]}), "characters have no merges"),
        (json.dumps(GOOD | {"pieces": "words", "tokens": ["two words"]}), "tokens must be words, got 'two words'"),
        (
            json.dumps(PIECES | {"tokens": ["a"]}),
            "tokens of wordpiece must have [PAD], [UNK], [CLS], [SEP], [MASK]; [PAD]",
        ),
        (json.dumps(PIECES | {"tokens": ["zz", *PIECES["tokens"]]}), "the first token of wordpiece must be [PAD], got"),
        (json.dumps(PIECES | {"merges": [["a", "b"]]}), "wordpiece have no merges"),
        (json.dumps(BPE | {"tokens": ["a"]}), "tokens of bpe must be the 256 bytes"),
        (json.dumps(BPE | {"tokens": [*BPE["tokens"], "\ud800"]}), "tokens of bpe must be the 256 bytes"),
        (json.dumps(BPE | {"merges": [["a", "b", "c"]]}), "merges must have 2 values, got 3"),
        (json.dumps(BPE | {"merges": [["a", "%"]]}), "merges of bpe must be of tokens, and make tokens"),
    ],
)
def test_files_that_are_none_are_refused(text, words):
    with pytest.raises(keras_dl.UsageError) as error:
        Vocabulary.from_json(text)
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Vocabulary.of(["Où êtes-vous ?"], "words"), "words are cut by rules for English, but 20% of the"),
        (lambda: Vocabulary.of(["", "  "], "words"), "the 2 texts have no words"),
        (lambda: Vocabulary.of([], "characters"), "the 0 texts have no characters"),
        (lambda: Vocabulary.of(TEXTS, "bpe"), "bpe needs a size of at least 260, got None"),
        (lambda: Vocabulary.of(TEXTS, "words", size=4), "size must be at least 5, got 4"),
        (lambda: Vocabulary.of("one text", "words"), "texts must be a list of str, got 'one text'"),
        (lambda: Vocabulary.of([b"bytes"], "words"), "texts must be a list of str, got b'bytes' in it"),
        (lambda: Vocabulary(**GOOD).encode(["a"], 0), "length must be at least 1, got 0"),
        (lambda: Vocabulary(**GOOD).decode([[6]]), "ids must be at least 0 and below 6, got 6"),
        (lambda: Vocabulary(**GOOD).decode([[-1]]), "ids must be at least 0 and below 6, got -1"),
    ],
)
def test_wrong_calls_are_refused(call, words):
    with pytest.raises(keras_dl.UsageError) as error:
        call()
    assert words in str(error.value) and "\n" not in str(error.value)
