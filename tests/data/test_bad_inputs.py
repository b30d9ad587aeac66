"""Every bad input that can reach the data gives one line that says what was received and what would work."""

import os

import numpy as np
import pytest
from data_on_disk import fill, picture, store

from keras_dl import UsageError
from keras_dl.data import Split, load

ROWS = np.arange(120, dtype=np.float32).reshape(30, 4)
LABELS = [0, 1, 2] * 10


def refusal(function, *arguments, **options):
    """The one line in which `function` refuses."""
    with pytest.raises(UsageError) as error:
        function(*arguments, **options)
    line = str(error.value)
    assert "\n" not in line and len(line) < 500
    return line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"validation": 1.5}, "validation must be above 0 and below 1, got 1.5"),
        ({"validation": 0.0}, "got 0.0"),
        ({"validation": float("nan")}, "got nan"),
        ({"image_size": 0}, "image_size must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0 and below 2**32, got -1"),
    ],
)
def test_options(options, words):
    assert words in refusal(load, "digits", **options)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 1, 3], "label 3 of example 2 of the train split is outside 0..2"),
        ([0, -1, 1], "label -1 of example 1 of the train split is outside 0..2"),
        ([0, 255, 1], "label 255 of example 1"),
        ([0, 0.7, 1], "label 0.7 of example 1 of the train split is not a whole number"),
        ([0, float("nan"), 1], "label nan of example 1"),
        (["cat", "dog", "cat"], "labels of the train split are like 'cat'; they must be whole numbers"),
        ([None, 1, 2], "labels of the train split are like None"),
        (np.eye(3), "shape (3, 3); one whole number each is wanted; take their argmax"),
        ([[0.2], [1], [2]], "shape (3, 1)"),
        ([0, 1], "3 inputs but 2 labels"),
    ],
)
def test_labels(labels, words):
    assert words in refusal(Split.of, np.zeros((3, 4)), labels, classes=3, name="the train split")


def test_labels_below_zero_without_a_number_of_classes():
    assert "label -2 of example 1 of data is outside 0 or more" in refusal(Split.of, np.zeros((2, 1)), [0, -2])


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([[0.0, 1], [np.nan, 2], [1, 1]], "example 1 of the train split has NaN or infinite values (1 such examples)"),
        ([[0.0, 1], [1, 2], [np.inf, np.nan]], "example 2 of the train split has NaN"),
        ([["a"], ["b"], ["c"]], "they must be numbers"),
        ([1.0, 2.0, 3.0], "shape (3,); they must be (examples, ...)"),
        (np.zeros((0, 4)), "the train split is empty"),
        ([], "the train split is empty"),
    ],
)
def test_inputs(inputs, words):
    labels = np.zeros(len(inputs), int)
    assert words in refusal(Split.of, inputs, labels, name="the train split")


@pytest.mark.parametrize("batch_size", [0, -1])
def test_batch_sizes(batch_size):
    split = Split.of(ROWS, LABELS)
    words = f"batch_size must be at least 1, got {batch_size}"
    assert words in refusal(split.batches, batch_size)
    assert words in refusal(split.shuffled, batch_size, seed=0, epoch=0, first_step=0)
    assert words in refusal(split.stream, batch_size, steps=1, seed=0)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((8, 8, 4), "pictures have 1 channels, 4 are wanted"),
        ((3, 32, 32), "pictures have 1 channels, 32 are wanted"),
        ((0, 8, 1), "(height, width, channels) of positive sizes, got (0, 8, 1)"),
        ((64,), "(height, width, channels) of positive sizes, got (64,)"),
    ],
)
def test_shapes_for_pictures(shape, words):
    assert words in refusal(load("digits").resized, shape)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("minst", "there is no folder minst here and no data set of that name; did you mean mnist"),
        ("cifar11", "did you mean cifar10"),
        ("digit", "did you mean digits"),
        ("qqqqqqqqqq", "no data set of that name; expected a folder with <class>/<picture> in it"),
        ("photos/of/pets", "there is no folder photos/of/pets"),
        ("./nowhere", "there is no folder ./nowhere; expected a folder with <class>/<picture> in it"),
        ("~/nowhere-at-all", "there is no folder ~/nowhere-at-all"),
        ("mnist:9.9.9", "cannot get mnist:9.9.9"),
        ("mnist/none", "cannot get mnist/none: BuilderConfig none not found with version 3.0.1. (it takes NAME, "),
        ("mnist/", "there is no folder mnist/"),
        ("photos", "no data set of that name; expected a folder"),
        ("two\nlines", r"there is no folder two\nlines here"),
        ("x" * 260, "there is no folder xxx"),
        ("a\0b", r"the name of the data must be a name or a path, got 'a\x00b'"),
        ("", "the name of the data is missing"),
        ("x" * 2000, "the name of the data must be a name or a path, got 'xxx"),
        ("~nobody-at-all/photos", "~nobody-at-all/photos: there is no home folder ~nobody-at-all"),
        ("MINST", "did you mean mnist"),
        ("digits/photos", "there is no folder digits/photos"),
        ("digits:1", "no data set of that name"),
    ],
)
def test_names(name, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    assert words in refusal(load, name)


def test_a_name_near_one_that_is_only_on_this_disk(tmp_path):
    store(tmp_path, {"train": (ROWS, LABELS)}, name="my_very_own_rows")
    assert "did you mean my_very_own_rows?" in refusal(load, "my_very_own_row", data_dir=str(tmp_path))


def test_a_data_dir_that_is_not_there(tmp_path):
    assert f"data_dir {tmp_path}/no is not a folder" in refusal(load, "mnist", data_dir=f"{tmp_path}/no")
    assert "data_dir '' is not a folder" in refusal(load, "mnist", data_dir="")
    assert "there is no home folder ~nobody-at-all" in refusal(load, "mnist", data_dir="~nobody-at-all")


def test_a_download_that_fails(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def fail(*_, **__):
        raise ConnectionError("no route to host\nand a long story")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    line = refusal(load, "mnist", data_dir=str(tmp_path))
    assert "cannot get mnist: no route to host; put it in data_dir or TFDS_DATA_DIR" in line


@pytest.mark.skipif("TFDS_DATA_DIR" not in os.environ, reason="TFDS_DATA_DIR does not say where real data are")
def test_other_kinds_of_data():
    assert "wanted are pictures (gray or RGB), vectors of numbers, texts or sounds, with a" in refusal(load, "babi_en")


@pytest.mark.parametrize(
    ("splits", "words"),
    [
        ({"train": (np.where(ROWS == 57, np.nan, ROWS), LABELS)}, "has NaN or infinite values (1 such examples)"),
        ({"test": (ROWS, LABELS)}, "rows has no train split; it has test; say which by split"),
        ({"train": (ROWS[:4], [0, 1, 2, 1])}, "class '0' has too few examples"),
        (
            {"train": (ROWS.reshape(-1, 2, 2, 1) * 5, LABELS)},
            "values 0..595; they must be in 0..255, 0..1 or -1..1",
        ),
        ({"train": (ROWS.reshape(-1, 2, 2), LABELS)}, "pictures (gray or RGB), vectors of numbers, texts"),
    ],
)
def test_stored_data_sets(tmp_path, splits, words):
    store(tmp_path, splits)
    assert words in refusal(load, "rows", data_dir=str(tmp_path))


def test_a_stored_data_set_with_a_flipped_bit(tmp_path):
    store(tmp_path, {"train": (ROWS, LABELS)})
    [record] = tmp_path.glob("rows/1.0.0/*tfrecord*")
    content = bytearray(record.read_bytes())
    content[len(content) // 2] ^= 1
    record.write_bytes(content)
    assert f"the train split of rows in {tmp_path}/rows/1.0.0 is damaged" in refusal(
        load, "rows", data_dir=str(tmp_path)
    )


def test_data_that_do_not_fit_in_memory(tmp_path):
    fill(tmp_path)
    line = refusal(load, str(tmp_path), image_size=1_000_000)
    assert "GB of memory for 12 examples of (1000000, 1000000, 3)" in line
    assert "use a smaller image_size" in line


def truncated_jpeg(path):
    picture(size=(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[:-900])


def truncated_png(path):
    picture(size=(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[:-900])


def float_tiff(path):
    picture(mode="F").save(path)


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("a.jpg", truncated_jpeg, "truncated"),
        ("a.png", truncated_png, "truncated"),
        ("a.jpg", lambda path: path.write_bytes(b""), "the file is empty"),
        ("a.jpg", lambda path: path.write_text("hello"), "not a picture"),
        ("a.tif", float_tiff, "its values are floats"),
    ],
)
def test_a_bad_picture_is_named(tmp_path, name, make, reason):
    fill(tmp_path)
    make(tmp_path / "cat" / name)
    line = refusal(load, str(tmp_path))
    assert "1 of 13 pictures cannot be read" in line
    assert f"{tmp_path}/cat/{name}" in line
    assert reason in line
    assert "--skip-bad leaves them out" in line


def test_many_bad_pictures_are_counted(tmp_path):
    fill(tmp_path)
    for number in range(9):
        (tmp_path / "dog" / f"bad{number}.jpg").write_bytes(b"x")
    assert "9 of 21 pictures cannot be read" in refusal(load, str(tmp_path))


def test_a_class_of_bad_pictures_only(tmp_path):
    fill(tmp_path)
    (tmp_path / "hen").mkdir()
    (tmp_path / "hen" / "0.png").write_bytes(b"x")
    assert "class 'hen' has no readable picture in train" in refusal(load, str(tmp_path), skip_bad=True)


def empty(folder):
    folder.mkdir()


def a_file(folder):
    folder.write_text("x")


def only_hidden(folder):
    (folder / ".git").mkdir(parents=True)


def pictures_at_the_root(folder):
    picture().save(fill(folder) / "stray.png")


def one_class(folder):
    fill(folder, classes=("cat",))


def an_empty_class(folder):
    (fill(folder) / "hen").mkdir()


def folders_within_a_class(folder):
    fill(folder)
    fill(folder / "dog", classes=("small", "large"))


def a_link_to_itself(folder):
    (fill(folder) / "loop").symlink_to(folder / "loop")


def a_link_to_the_root(folder):
    (fill(folder) / "loop").symlink_to(folder)


def a_dangling_picture(folder):
    (fill(folder) / "cat" / "gone.png").symlink_to(folder / "nowhere.png")


def a_pipe(folder):
    os.mkfifo(fill(folder) / "cat" / "pipe.png")


def a_class_twice(folder):
    (fill(folder) / "hound").symlink_to(folder / "dog")


def other_classes_in_validation(folder):
    fill(folder / "train", classes=("a", "b"))
    fill(folder / "val", classes=("b", "c"))


def two_validations(folder):
    for name in ("train", "val", "validation"):
        fill(folder / name)


def two_pictures_a_class(folder):
    fill(folder, count=2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (empty, "is empty; expected <class>/<picture> in it"),
        (a_file, "is a file; expected <class>/<picture> in it"),
        (only_hidden, "is empty; expected <class>/<picture> in it"),
        (pictures_at_the_root, "1 pictures, such as stray.png, lie directly in"),
        (one_class, "has one class, cat; at least 2 are needed"),
        (an_empty_class, "class 'hen' has no pictures"),
        (folders_within_a_class, "dog/large is a folder within the class folder"),
        (a_link_to_itself, "loop is a link that leads nowhere or in a circle"),
        (a_link_to_the_root, "is a folder within the class folder"),
        (a_dangling_picture, "gone.png is a link that leads nowhere"),
        (a_pipe, "pipe.png is neither a file nor a folder"),
        (a_class_twice, "are links to the same folder"),
        (other_classes_in_validation, "differ in classes: a, c"),
        (two_validations, "has several folders for one split: val, validation"),
        (two_pictures_a_class, "class 'cat' has too few examples to hold some out; it needs at least 3"),
    ],
)
def test_folders(tmp_path, make, words):
    make(tmp_path / "data")
    assert words in refusal(load, str(tmp_path / "data"))
