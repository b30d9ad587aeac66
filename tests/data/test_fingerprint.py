"""Data that have changed since a run began are refused in a line that says what has changed."""

import dataclasses
import shutil
import time

import numpy as np
import pytest
from data_on_disk import fill, picture, store

from keras_dl.data import Data, Spec, Split, fingerprint, load
from keras_dl.data.hashing import of_array
from keras_dl.errors import UsageError


def arrays(seed=0, dtype="float32", labels=None):
    generator = np.random.default_rng(seed)
    labels = np.arange(12) % 3 if labels is None else labels
    splits = {
        name: Split.of(generator.integers(0, 9, (12, 4)).astype(dtype), labels, classes=3)
        for name in ("train", "validation", "test")
    }
    spec = Spec.labelled(
        name="numbers",
        kind="features",
        shape=(4,),
        classes=3,
        class_names=("a", "b", "c"),
        counts=dict.fromkeys(splits, 12),
    )
    return Data(spec=spec, **splits)


def refused(data, folder):
    with pytest.raises(UsageError) as error:
        fingerprint.keep(data, folder)
    assert "\n" not in str(error.value)
    return str(error.value).removeprefix(f"the data have changed since the run in {folder} began: ")


@pytest.fixture
def pictures(tmp_path):
    return fill(tmp_path / "photos")


def test_the_same_data_are_the_same(pictures, tmp_path):
    for name in ("digits", str(pictures)):
        run = tmp_path / "runs" / name[-5:]
        fingerprint.keep(load(name), run)
        before = (run / "data.json").read_bytes()
        fingerprint.keep(load(name), run)
        assert (run / "data.json").read_bytes() == before


def test_a_split_is_what_it_is_whatever_seed_drew_it(tmp_path):
    data = load("digits", seed=1)
    fingerprint.keep(data, tmp_path)
    assert refused(load("digits", seed=2), tmp_path) == (
        "train has other image and label; validation has other image and label"
    )
    assert "validation has 287 examples, had 143" in refused(load("digits", seed=1, validation=0.2), tmp_path)
    subset = dataclasses.replace(data, train=data.train.take(range(100)))
    assert refused(subset, tmp_path) == "train has 100 examples, had 1,295"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: picture(9).save(folder / "cat" / "00.png"), "photos/cat has 1 new picture, 00.png"),
        (lambda folder: (folder / "dog" / "3.png").unlink(), "photos/dog lacks 1 picture, 3.png"),
        (
            lambda folder: (folder / "dog" / "3.png").rename(folder / "cat" / "x.png"),
            "photos/cat has 1 new picture, x.png; photos/dog lacks 1 picture, 3.png",
        ),
        (lambda folder: picture(8, size=(30, 20)).save(folder / "cat" / "1.png"), "photos/cat/1.png has 1,8"),
        (lambda folder: fill(folder, classes=("bird",)), "photos/bird is new"),
        (lambda folder: (folder / "cat").rename(folder / "cats"), "photos/cat is gone; photos/cats is new"),
        (
            lambda folder: [picture(n, mode="L").save(folder / "cat" / f"a{n}.png") for n in range(9)],
            "photos/cat has 9 new pictures, a0.png, a1.png, a2.png, a3.png, a4.png and 4 more",
        ),
    ],
)
def test_a_folder_that_has_changed(pictures, tmp_path, change, words):
    fingerprint.keep(load(str(pictures)), tmp_path / "run")
    change(pictures)
    assert refused(load(str(pictures)), tmp_path / "run").startswith(words)


def test_another_picture_under_the_same_name_and_size(tmp_path):
    folder = fill(tmp_path / "photos", suffix=".bmp")
    fingerprint.keep(load(str(folder)), tmp_path)
    for number in range(6):
        picture(77 + number).save(folder / "cat" / f"{number}.bmp")
    message = refused(load(str(folder)), tmp_path)
    assert message.startswith("train has other image although the files have the same names and sizes; ")


def test_of_a_large_folder_only_sums_are_kept(pictures, tmp_path, monkeypatch):
    small, large = tmp_path / "small", tmp_path / "large"
    fingerprint.keep(load(str(pictures)), small)
    picture(9).save(pictures / "cat" / "00.png")
    monkeypatch.setattr(fingerprint, "LISTED", 12)
    assert refused(load(str(pictures)), small) == "photos/cat has 7 pictures, had 6"
    fingerprint.keep(load(str(pictures)), large)
    assert ".png" not in (large / "data.json").read_text()
    (pictures / "cat" / "00.png").rename(pictures / "cat" / "01.png")
    assert refused(load(str(pictures)), large) == "photos/cat has files of other names or sizes"
    shutil.rmtree(pictures / "dog")
    fill(pictures, classes=("wolf",), count=7)
    assert "photos/dog is gone; photos/wolf is new" in refused(load(str(pictures)), large)


def test_another_size_is_other_data_and_says_so(pictures, tmp_path):
    fingerprint.keep(load(str(pictures), image_size=8), tmp_path / "run")
    assert "train is uint8 [9, 9, 3], was uint8 [8, 8, 3]" in refused(
        load(str(pictures), image_size=9), tmp_path / "run"
    )


def test_a_data_set_of_tfds_with_other_counts_or_another_version(tmp_path):
    inputs, labels = np.arange(80, dtype="float32").reshape(20, 4), [0, 1, 2, 0] * 5
    name = store(tmp_path / "a", {"train": (inputs, labels)})
    store(tmp_path / "b", {"train": (np.concatenate([inputs, inputs]), labels * 2)})
    store(tmp_path / "c", {"train": (inputs, labels)}, version="2.0.0")
    fingerprint.keep(load(name, data_dir=str(tmp_path / "a")), tmp_path / "run")
    fingerprint.keep(load(name, data_dir=str(tmp_path / "a")), tmp_path / "run")
    counts = refused(load(name, data_dir=str(tmp_path / "b")), tmp_path / "run")
    assert counts == "rows has the examples {'train': 40}, had {'train': 20}"
    version = refused(load(name, data_dir=str(tmp_path / "c")), tmp_path / "run")
    assert version == "rows has version 2.0.0, was rows of version 1.0.0"
    assert "they come from the embedded digits, came from tensorflow-datasets" in refused(
        load("digits"), tmp_path / "run"
    )


def test_arrays(tmp_path):
    fingerprint.keep(arrays(), tmp_path)
    fingerprint.keep(arrays(), tmp_path)
    assert refused(arrays(seed=1), tmp_path).startswith("train has other features; validation has other features")
    assert refused(arrays(labels=np.arange(12)[::-1] % 3), tmp_path).startswith("train has other label; ")
    assert refused(arrays(dtype="uint8"), tmp_path).startswith("features of train is uint8 [4], was float32 [4]")
    data = arrays()
    renamed = dataclasses.replace(data, spec=data.spec.replace("label", class_names=("a", "b", "d")))
    assert refused(renamed, tmp_path) == "the classes are a, b, d, were a, b, c"


def test_texts_of_any_character():
    texts = [np.array(texts, object) for texts in (["a", "b\udcfc"], ["a\0b", ""], ["a", "b"], ["ab", ""])]
    assert len({of_array(text) for text in texts}) == 4


def test_a_damaged_file_is_refused(tmp_path):
    fingerprint.keep(arrays(), tmp_path)
    file = tmp_path / "data.json"
    file.write_text(file.read_text().replace('"examples": 12', '"examples": 13', 1))
    with pytest.raises(UsageError, match=r"data\.json is damaged"):
        fingerprint.keep(arrays(), tmp_path)


def test_it_is_cheap():
    split = Split.of(np.zeros((60_000, 28, 28, 1), np.uint8), np.zeros(60_000, int))
    start = time.perf_counter()
    split.fingerprint  # noqa: B018
    assert time.perf_counter() - start < 2  # .1 s on a quiet machine
    assert split.fingerprint is split.fingerprint


def test_the_same_data_in_memory_and_in_their_files(tmp_path, monkeypatch):
    from keras_dl.data import folder

    fill(tmp_path / "pictures")
    held = load(tmp_path / "pictures", image_size=8)
    monkeypatch.setattr(folder, "fits", lambda *_: False)
    left = load(tmp_path / "pictures", image_size=8)
    for first, second, words in (
        (held, left, "image of train does not fit into memory now, and was held in it; it may go on where"),
        (left, held, "image of train fits into memory now, and was read from its files; it may go on where"),
    ):
        run = tmp_path / words[:20]
        run.mkdir()
        fingerprint.keep(first, run)
        fingerprint.keep(first, run)
        with pytest.raises(UsageError, match=words):
            fingerprint.keep(second, run)
