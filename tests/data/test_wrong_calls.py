"""Every wrong call of the data API: one line, nothing accepted in silence, no TypeError from inside."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from data_on_disk import fill

from keras_dl import UsageError, names
from keras_dl.data import Data, Spec, Split, load, spectra
from keras_dl.data.prepare import bag_of_words
from keras_dl.data.spec import Column
from keras_dl.data.whitening import standardize, whiten

PIXELS = np.arange(9 * 16, dtype=np.float32).reshape(9, 4, 4, 1)
LABELS = np.arange(9) % 3
SPEC = {"name": "p", "kind": "image", "shape": (4, 4, 1), "classes": 3, "class_names": ("a", "b", "c")}


def split(pixels=PIXELS, labels=LABELS):
    return Split.of(pixels, labels)


def data(spec=None, **changes):
    parts = {name: split() for name in ("train", "validation", "test")} | changes
    return Data(spec=Spec.labelled(**{**SPEC, **(spec or {})}), **parts)


def refusal(function):
    with pytest.raises(UsageError) as error:
        function()
    line = str(error.value)
    assert "\n" not in line and len(line) < 300
    return line


def test_what_is_right_is_accepted():
    made = data()
    assert made.spec.counts == {"train": 9, "validation": 9, "test": 9}
    assert dataclasses.replace(made, train=made.train.take([0, 1, 2])).spec.counts["train"] == 3
    assert Spec.labelled(**{**SPEC, "classes": np.int64(3), "shape": [4, 4, 1]}) == Spec.labelled(**SPEC)
    masks = Split({"image": PIXELS, "mask": np.zeros((9, 4, 4), np.uint8)})
    columns = {"image": Column(kind="image", shape=(4, 4, 1)), "mask": Column(kind="mask", shape=(4, 4), classes=2)}
    segmented = Data(spec=Spec(name="p", columns=columns), train=masks, validation=masks, test=masks)
    assert segmented.train.labels.dtype == np.uint8
    assert len(split().take([])) == 0
    assert split().take(LABELS == 1).labels.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": 5}, "name must be str, got 5"),
        ({"name": None}, "name must be str, got None"),
        ({"name": ["digits"]}, "name must be str, got ['digits']"),
        ({"name": b"digits"}, "name must be str"),
        ({"name": ""}, "the name of the data is missing"),
        ({"data_dir": 3}, "data_dir must be str, got 3"),
        ({"data_dir": "nowhere"}, "data_dir nowhere is not a folder"),
        ({"validation": "x"}, "validation must be float, got 'x'"),
        ({"validation": None}, "validation must be float, got None"),
        ({"validation": 1}, "validation must be above 0 and below 1, got 1.0"),
        ({"validation": float("inf")}, "got inf"),
        ({"seed": -1}, "seed must be at least 0 and below 2**32, got -1"),
        ({"seed": 2**32}, "got 4294967296"),
        ({"seed": 2**70}, "seed must be at least 0 and below 2**32"),
        ({"seed": 10**5000}, "got a number of 16,610 bits"),
        ({"seed": 0.5}, "seed must be int, got 0.5"),
        ({"seed": "1"}, "seed must be int, got '1'"),
        ({"seed": True}, "seed must be int, got True"),
        ({"image_size": "big"}, "image_size must be int, got 'big'"),
        ({"image_size": 8.0}, "image_size must be int, got 8.0"),
        ({"image_size": (8, 8)}, "image_size must be int, got (8, 8)"),
        ({"image_size": -8}, "image_size must be at least 1, got -8"),
        ({"image_size": 1_000_000}, "GB of memory for 1 examples of (1000000, 1000000, 1)"),
        ({"image_size": 2**40}, "GB of memory for 1 examples"),
        ({"image_size": 2**70}, "image_size must be below 2**63, got 1180591620717411303424"),
        ({"skip_bad": "yes"}, "skip_bad must be bool, got 'yes'"),
        ({"skip_bad": 1}, "skip_bad must be bool, got 1"),
    ],
)
def test_load(options, words):
    assert words in refusal(lambda: load(**{"name": "digits", **options}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": 5}, "name must be str, got 5"),
        ({"kind": "picture"}, "unknown kind 'picture'"),
        ({"kind": None}, "unknown kind None"),
        ({"shape": (4, 4)}, "the shape of image must be (height, width, channels), got (4, 4)"),
        ({"shape": 4}, "shape must be a list of values, got 4"),
        ({"shape": (4, 4, 0)}, "shape must be at least 1, got 0"),
        ({"shape": (None, None, 3)}, "shape must be int, got None"),
        ({"shape": ("4", 4, 1)}, "shape must be int, got '4'"),
        ({"kind": "features"}, "the shape of features must be (features), got (4, 4, 1)"),
        ({"kind": "text"}, "the shape of text must be (), got (4, 4, 1)"),
        ({"kind": "audio"}, "the shape of audio must be (samples), got (4, 4, 1)"),
        ({"classes": 1}, "classes must be at least 2, got 1"),
        ({"classes": 2.5}, "classes must be int, got 2.5"),
        ({"classes": 2**70, "class_names": ()}, "classes must be below 2**63"),
        ({"classes": "three"}, "classes must be int, got 'three'"),
        ({"class_names": ("a", "b")}, "3 classes need as many different class_names, got ('a', 'b')"),
        ({"class_names": ("a", "b", "b")}, "3 classes need as many different class_names"),
        ({"class_names": "abc"}, "class_names must be a list of values, got 'abc'"),
        ({"class_names": (0, 1, 2)}, "class_names must be str, got 0"),
        ({"counts": {"train": "many"}}, "counts['train'] must be int, got 'many'"),
        ({"counts": {"train": -1}}, "counts['train'] must be at least 0, got -1"),
        ({"counts": [9, 9, 9]}, "counts must be dict, got [9, 9, 9]"),
        ({"rate": 0}, "rate must be at least 1, got 0"),
    ],
)
def test_spec(changes, words):
    assert words in refusal(lambda: Spec.labelled(**{**SPEC, **changes}))


@pytest.mark.parametrize(
    ("inputs", "labels", "words"),
    [
        (PIXELS, LABELS + 0.5, "label 0.5 of example 0 of data is not a whole number"),
        (PIXELS, [np.nan] * 9, "label nan of example 0"),
        (PIXELS, [np.inf] * 9, "label inf of example 0"),
        (PIXELS, LABELS - 1, "label -1 of example 0 of data is outside 0 or more"),
        (PIXELS, list("abcabcabc"), "the labels of data are like 'a'; they must be whole numbers"),
        (PIXELS, [2**70] * 9, "the labels of data are like 1180591620717411303424"),
        (PIXELS, [None] * 9, "the labels of data are like None"),
        (PIXELS, LABELS[:5], "data has 9 inputs but 5 labels"),
        (PIXELS, 3, "the labels of data have shape (); one whole number each is wanted"),
        (PIXELS, np.eye(9), "take their argmax"),
        (PIXELS, [[0], [1, 2]], "the labels of data have different lengths"),
        (PIXELS, LABELS * 1j, "the labels of data are like np.complex128(0j)"),
        (PIXELS, [], "data has 9 inputs but 0 labels"),
        (PIXELS + 1j, LABELS, "the inputs of data are complex64; they must be numbers"),
        (PIXELS.astype("float64") * 1e300, LABELS, "has NaN or infinite values"),
        ([[1.0], [2.0, 3.0]], [0, 1], "the inputs of data have different lengths"),
        (5, LABELS, "the inputs of data have shape ()"),
        (None, LABELS, "the inputs of data are object"),
        ("pictures", LABELS, "the inputs of data are <U8"),
        (PIXELS.astype("datetime64[s]"), LABELS, "the inputs of data are datetime64[s]"),
        ({"x": 1}, LABELS, "the inputs of data are object"),
        (PIXELS[:0], [], "data is empty"),
    ],
)
def test_split_of(inputs, labels, words):
    assert words in refusal(lambda: Split.of(inputs, labels))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Split.of(PIXELS, LABELS, classes=2), "label 2 of example 2 of data is outside 0..1"),
        (lambda: Split.of(PIXELS, LABELS, classes=0), "classes must be at least 1, got 0"),
        (lambda: Split.of(PIXELS, LABELS, classes="3"), "classes must be int, got '3'"),
        (lambda: Split({"image": PIXELS, "label": LABELS + 0.5}), "label must hold whole numbers, got float"),
        (lambda: Split({"image": PIXELS, "label": LABELS[:5]}), "there are 9 inputs but 5 examples of label"),
        (
            lambda: Split({"image": PIXELS, "label": LABELS}, (16,)),
            "inputs of shape (4, 4, 1) cannot come out as (16,)",
        ),
        (lambda: Split({"image": PIXELS, "label": LABELS}, 4), "shape must be a list of values, got 4"),
        (lambda: Split({"image": "pictures", "label": LABELS}), "they must be numbers"),
        (lambda: split().batches("big"), "batch_size must be int, got 'big'"),
        (lambda: split().batches(2.5), "batch_size must be int, got 2.5"),
        (lambda: split().batches(2**70), "batch_size must be below 2**63"),
        (
            lambda: Split({"image": PIXELS, "label": LABELS}, (4, 4, 1), "gray"),
            "prepare must be a function, got 'gray'",
        ),
        (lambda: split().take([99]), "indices must be whole numbers below 9"),
        (lambda: split().take([0.5]), "indices must be whole numbers below 9"),
        (lambda: split().take("all"), "indices must be whole numbers below 9"),
        (lambda: split().few(5, 0), "5 examples of each class are wanted; a class has 3"),
        (lambda: split().few(0, 0), "labels must be at least 1, got 0"),
        (lambda: split().few("two", 0), "labels must be int, got 'two'"),
        (lambda: split().few(2, -1), "seed must be at least 0, got -1"),
        (lambda: split().few(2, "x"), "seed must be int, got 'x'"),
        (lambda: split().stream(2, steps=-1, seed=0), "steps must be at least 0, got -1"),
        (lambda: split().stream(2, steps="all", seed=0), "steps must be int, got 'all'"),
        (lambda: split().stream(2, steps=2**70, seed=0), "steps must be below 2**63"),
        (lambda: split().stream(2, steps=1, seed="x"), "seed must be int, got 'x'"),
        (lambda: split().stream(2, steps=1, seed=-1), "seed must be at least 0, got -1"),
        (lambda: split().shuffled(2, seed="x", epoch=0, first_step=0), "seed must be int, got 'x'"),
        (lambda: bag_of_words("texts"), "data must be Data, got 'texts'"),
        (lambda: bag_of_words(data()), "p is image; text is wanted"),
        (lambda: spectra.pictures(None), "data must be Data, got None"),
        (lambda: standardize(PIXELS), "data must be Data, got array("),
        (lambda: whiten(data(), "ica"), "unknown method 'ica'; did you mean"),
        (lambda: data().resized("big"), "shape must be a list of values, got 'big'"),
        (lambda: data().resized((8, 8)), "(height, width, channels) of positive sizes, got (8, 8)"),
        (lambda: data().resized((8.5, 8, 1)), "shape must be int, got 8.5"),
        (lambda: data().resized((10**6, 10**6, 1)), "GB of memory for 1 examples"),
    ],
)
def test_splits_and_what_is_done_with_them(call, words):
    assert words in refusal(call)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: dataclasses.replace(data(), spec=None), "spec must be Spec, got None"),
        (lambda: dataclasses.replace(data(), spec=SPEC), "spec must be Spec, got {"),
        (lambda: data(train=(PIXELS, LABELS)), "train must be Split, got ("),
        (lambda: data(validation=None), "validation must be Split, got None"),
        (lambda: data(notices="made up"), "notices must be a list of values, got 'made up'"),
        (lambda: data(reread=3), "reread must be a function, got 3"),
        (lambda: data(origin="a folder"), "origin must be dict, got 'a folder'"),
        (lambda: data(test=PIXELS), "test must be Split, got array("),
        (lambda: data(train=split().take([])), "the train split of p is empty"),
        (lambda: data(validation=split().take([])), "the validation split of p is empty"),
        (lambda: data(test=split().take([])), "the test split of p is empty"),
        (lambda: data(test=split(PIXELS[:, :3])), "inputs have shape (4, 4, 1); in test it is (3, 4, 1)"),
        (lambda: data(spec={"shape": (4, 4, 3)}), "inputs have shape (4, 4, 3); in train it is (4, 4, 1)"),
        (lambda: data(spec={"classes": 2, "class_names": ()}), "label 2 of example 2 of the train split of p"),
        (lambda: data(test=split(labels=LABELS + 7)), "label 7 of example 0 of the test split of p is outside 0..2"),
        (lambda: data(train=split(PIXELS / 255)), "the train split of p are 0..1: multiply them by 255"),
        (lambda: data(train=split((PIXELS > 70).astype("uint8"))), "are 0..1: multiply them by 255"),
        (
            lambda: data(test=split(PIXELS * 9)),
            "image must have values 0..255; those of the test split of p are 0..1287",
        ),
        (lambda: data(validation=split(PIXELS - 9)), "those of the validation split of p are -9..134"),
        (
            lambda: Data(
                spec=Spec.labelled(name="s", kind="audio", shape=(16,), classes=3),
                **dict.fromkeys(("train", "validation", "test"), Split.of(PIXELS.reshape(9, 16), LABELS, kind="audio")),
            ),
            "audio must have values -1..1; those of the train split of s are 0..143",
        ),
    ],
)
def test_data(make, words):
    assert words in refusal(make)


@pytest.fixture
def folder_called_digits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names.note.cache_clear()
    return fill(tmp_path / "digits")


def test_a_bare_word_is_a_data_set_and_the_tie_is_told(folder_called_digits, capsys):
    assert load("digits").spec.classes == 10
    note = "note: 'digits' is taken as the data set of that name; for the folder write ./digits\n"
    assert capsys.readouterr().err == note


@pytest.mark.parametrize("name", ["./digits", "digits/", Path("digits"), "{folder}"])
def test_a_path_is_a_folder(folder_called_digits, capsys, name):
    name = name.format(folder=folder_called_digits) if isinstance(name, str) else name
    assert load(name).spec.class_names == ("cat", "dog")
    assert capsys.readouterr().err == ""


def test_a_name_of_tensorflow_datasets_wins_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    names.note.cache_clear()
    fill(tmp_path / "mnist")
    (tmp_path / "empty").mkdir()
    from keras_dl.data.naming import find_folder

    assert find_folder("mnist", "empty") is None
    assert "'mnist' is taken as the data set of that name; for the folder write ./mnist" in capsys.readouterr().err
    assert find_folder("mnist/", "empty") == Path("mnist")
    assert find_folder("mnist/3.0.1", "empty") is None
