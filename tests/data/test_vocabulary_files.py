"""Published vocabularies: the same ids as their own tokenizers give; files that are damaged or of other kinds."""

import json

import pytest
import tokenizers

from keras_dl import UsageError
from keras_dl.data.spec import Column, Spec
from keras_dl.data.vocabulary import END, SPECIAL, Vocabulary
from keras_dl.data.vocabulary_files import read_vocabulary

TEXTS = ["It's a film (or not?)", "I can't say: they'll film it!", "film, film & film", "Où êtes-vous 🎬"] * 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files that BERT and GPT-2 are published with, of small vocabularies."""
    folder = tmp_path_factory.mktemp("files")
    for name, lower in (("uncased", True), ("cased", False)):
        bert = tokenizers.BertWordPieceTokenizer(lowercase=lower)
        bert.train_from_iterator(
            TEXTS, vocab_size=70, special_tokens=["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        )
        bert.save(str(folder / f"{name}.json"))
        ids = bert.get_vocab()
        (folder / f"{name}.txt").write_text("\n".join(sorted(ids, key=ids.get)) + "\n", encoding="utf-8")
    gpt = tokenizers.ByteLevelBPETokenizer()
    gpt.train_from_iterator(TEXTS, vocab_size=290, special_tokens=["<|endoftext|>"])
    gpt.save_model(str(folder))
    gpt.save(str(folder / "gpt.json"))
    return folder


@pytest.mark.parametrize("name", ["uncased", "cased"])
def test_wordpiece_has_the_published_ids(folder, name):
    theirs = tokenizers.Tokenizer.from_file(str(folder / f"{name}.json"))
    for file in (f"{name}.txt", f"{name}.json"):
        vocabulary = read_vocabulary(folder / file)
        assert (vocabulary.lower, vocabulary.special) == (name == "uncased", (0, 2, 3, 4, 5))
        expected = [[3, *theirs.encode(text, add_special_tokens=False).ids, 4] for text in TEXTS[:4]]
        assert [ids.tolist() for ids in vocabulary.encode_ragged(TEXTS[:4], bounded=True)] == expected


@pytest.mark.parametrize("file", ["vocab.json", "gpt.json"])
def test_bpe_has_the_published_ids(folder, file):
    theirs = tokenizers.Tokenizer.from_file(str(folder / "gpt.json"))
    vocabulary, end = read_vocabulary(folder / file), theirs.token_to_id("<|endoftext|>")
    assert (vocabulary.pieces, len(vocabulary)) == ("gpt2", theirs.get_vocab_size())
    assert vocabulary.special == (end,) * 4
    expected = [theirs.encode(text).ids for text in TEXTS[:4]]
    assert [ids.tolist() for ids in vocabulary.encode_ragged(TEXTS[:4])] == expected
    assert vocabulary.decode(expected) == TEXTS[:4]
    bounded = [ids.tolist() for ids in vocabulary.encode_ragged(TEXTS[:4], bounded=True)]
    assert bounded == [[end, *ids, end] for ids in expected] and vocabulary.decode(bounded) == TEXTS[:4]
    assert Vocabulary.from_json(vocabulary.to_json()) == vocabulary


def test_bpe_for_networks_with_masks_has_a_pad(folder):
    published = read_vocabulary(folder / "gpt.json")
    vocabulary = published.padded_by_zero()
    shift = SPECIAL - 1  # their <|endoftext|>, the first of these, stands for no piece of a text: it is END
    assert (vocabulary.pieces, len(vocabulary)) == ("bpe", len(published) + shift)
    ids = published.encode_ragged(TEXTS[:4])
    found = vocabulary.encode_ragged(TEXTS[:4])
    assert [one.tolist() for one in found] == [(one + shift).tolist() for one in ids]
    assert vocabulary.decode(found) == TEXTS[:4]


def test_bpe_without_a_token_of_the_end_comes_behind_ours(tmp_path):
    theirs = tokenizers.ByteLevelBPETokenizer()
    theirs.train_from_iterator(TEXTS, vocab_size=290)
    theirs.save(str(tmp_path / "tokenizer.json"))
    vocabulary = read_vocabulary(tmp_path / "tokenizer.json")
    assert (vocabulary.pieces, vocabulary.special[3]) == ("bpe", END)
    expected = [[SPECIAL + one for one in theirs.encode(text).ids] for text in TEXTS[:4]]
    assert [ids.tolist() for ids in vocabulary.encode_ragged(TEXTS[:4])] == expected


@pytest.fixture(scope="module")
def llama():
    """A tokenizer as LLaMA's is laid out: a blank before the text, what is unknown as bytes."""
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made, decoders = tokenizers.normalizers, tokenizers.decoders
    theirs.normalizer = made.Sequence([made.Prepend("\u2581"), made.Replace(" ", "\u2581")])
    steps = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    theirs.decoder = decoders.Sequence(steps)
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    theirs.train_from_iterator(TEXTS[:3], trainer)
    content = json.loads(theirs.to_str())
    content["added_tokens"] = content["added_tokens"][:3]  # the bytes are no special ones
    return tokenizers.Tokenizer.from_str(json.dumps(content))


def test_that_of_llama_has_the_published_ids(llama, tmp_path):
    llama.save(str(tmp_path / "tokenizer.json"))
    vocabulary = read_vocabulary(tmp_path / "tokenizer.json")
    assert (vocabulary.pieces, len(vocabulary), vocabulary.special) == ("llama", llama.get_vocab_size(), (0, 0, 1, 2))
    texts = [*TEXTS[:4], "", "  two blanks  ", "\n"]
    expected = [llama.encode(text, add_special_tokens=False).ids for text in texts]
    assert any(3 <= one < 3 + 256 for ids in expected for one in ids), "some bytes are there"
    assert [ids.tolist() for ids in vocabulary.encode_ragged(texts)] == expected
    assert vocabulary.decode(expected) == [llama.decode(ids) for ids in expected] == texts
    bounded = vocabulary.encode_ragged(texts, bounded=True)
    assert [ids.tolist() for ids in bounded] == [[1, *ids, 2] for ids in expected]
    assert vocabulary.decode(bounded) == texts
    assert vocabulary.padded_by_zero() is vocabulary


def test_that_of_llama_is_refused_where_it_cuts_otherwise(llama, tmp_path):
    file = tmp_path / "tokenizer.json"
    content = json.loads(llama.to_str())
    for change, words in (
        ({"normalizer": None}, "it cuts texts otherwise than LLaMA does"),
        ({"model": {**content["model"], "vocab": {"<unk>": 0}, "merges": []}}, "and the 256 bytes; <s> is missing"),
    ):
        file.write_text(json.dumps(content | change))
        with pytest.raises(UsageError, match=words):
            read_vocabulary(file)


def test_that_of_a_saved_model(tmp_path):
    vocabulary = Vocabulary.of(TEXTS[:3], "words", size=12)
    column = Column(kind="tokens", shape=(5,), classes=12, vocabulary=vocabulary.to_json())
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "input.json").write_text(
        json.dumps(Spec(name="toy", columns={"token_ids": column}).to_json())
    )
    assert read_vocabulary(tmp_path) == read_vocabulary(tmp_path / "model") == vocabulary


def damaged(folder, file, into, **changes):
    content = json.loads((folder / file).read_text())
    content["model"] |= changes.pop("model", {})
    into.write_text(json.dumps(content | changes))
    return into


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder, file: file, "there is no file .*wanted are a vocab.txt of BERT"),
        (lambda folder, file: folder, "it is no saved model that takes texts"),
        (lambda folder, file: file.write_bytes(b"\xff\xfe"), "cannot be read: .*utf-8"),
        (lambda folder, file: file.write_text("{"), "is no JSON that can be read"),
        (lambda folder, file: file.write_text("[]"), "there is no file .*merges.txt"),
        (lambda folder, file: file.write_text('{"model": {}}'), "its model has no type and vocab"),
        (
            lambda folder, file: file.write_text('{"model": {"type": "Unigram"}}'),
            "of the kind Unigram; WordPiece and BPE",
        ),
        (lambda folder, file: damaged(folder, "cased.json", file, normalizer=None), "otherwise than BERT does"),
        (lambda folder, file: damaged(folder, "gpt.json", file, pre_tokenizer=None), "otherwise than GPT-2 does"),
        (lambda folder, file: damaged(folder, "gpt.json", file, model={"merges": ["ab"]}), "a merge has two sides"),
        (
            lambda folder, file: damaged(folder, "gpt.json", file, model={"vocab": {"a": 1}}),
            "the ids of 1 tokens are not",
        ),
        (
            lambda folder, file: damaged(folder, "gpt.json", file, model={"vocab": {"a": 0}}),
            "tokens of bpe must be the 256",
        ),
        (lambda folder, file: damaged(folder, "cased.json", file, model={"vocab": {"a": 0}}), r"\[PAD\] is missing"),
    ],
)
def test_files_that_are_none_are_refused_in_one_line(folder, tmp_path, make, words):
    file = tmp_path / "vocab.json"
    made = make(folder, file)
    with pytest.raises(UsageError, match=words) as error:
        read_vocabulary(made if made == folder else file)
    assert "\n" not in str(error.value) and (str(tmp_path) in str(error.value) or made == folder)


def test_damaged_lines(tmp_path):
    file = tmp_path / "vocab.txt"
    for content, words in (("", "1 to .* different texts"), ("a\na\n", "different texts"), ("a\nb\n", "is missing")):
        file.write_text(content)
        with pytest.raises(UsageError, match=words) as error:
            read_vocabulary(file)
        assert str(error.value).startswith(f"{file}: ") and "\n" not in str(error.value)
