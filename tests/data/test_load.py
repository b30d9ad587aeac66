"""The embedded digits and real data sets of tensorflow-datasets, from their name to batches."""

import os
import subprocess
import sys

import numpy as np
import pytest
from data_on_disk import store

from keras_dl import UsageError, get_config
from keras_dl.data import Split, load

REAL = pytest.mark.skipif("TFDS_DATA_DIR" not in os.environ, reason="TFDS_DATA_DIR does not say where real data are")


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def examples(data):
    """How often each (input, label) occurs, over all splits."""
    return sorted(
        (x.tobytes(), int(y))
        for split in (data.train, data.validation, data.test)
        for x, y in zip(split.stored, split.labels, strict=True)
    )


@pytest.mark.parametrize(
    ("name", "choices", "said"),
    [
        ("digits", {"target": "label"}, "digits leaves no choice of target; leave it out"),
        ("digits", {"source": "image", "split": "train"}, "digits leaves no choice of source, split; leave it out"),
        ("gymnasium:CartPole-v1", {"target": "state"}, "gymnasium:CartPole-v1 leaves no choice of target; leave"),
    ],
)
def test_a_choice_where_there_is_none_is_refused(name, choices, said):
    with pytest.raises(UsageError, match=said):
        load(name, **choices)


def test_a_network_of_a_fixed_size_refuses_another_that_was_asked_for():
    lenet = get_config("lenet5_1998")
    data = load("digits", image_size=4)
    assert data.spec.image_size == 4
    words = r"lenet5_1998 takes pictures of 32x32 pixels, not image_size=4; leave image_size out"
    with pytest.raises(UsageError, match=words):
        lenet.for_data(data.spec)
    assert lenet.for_data(load("digits").spec).input_shape == (32, 32, 1)
    assert lenet.for_data(load("digits", image_size=32).spec).input_shape == (32, 32, 1)
    assert get_config("resnet20").for_data(data.spec).input_shape == (4, 4, 1)


def test_importing_data_imports_nothing_heavy():
    program = "import sys, keras_dl.data; print(*{'tensorflow', 'keras', 'sklearn', 'PIL'} & sys.modules.keys())"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == ""


def test_digits_have_a_spec_and_three_splits(digits):
    assert digits.spec.shape == (8, 8, 1)
    assert digits.spec.class_names == tuple("0123456789")
    assert digits.spec.kind == "image"
    assert digits.spec.counts == {"train": 1295, "validation": 143, "test": 359}
    inputs = digits.train.inputs()
    assert (inputs.shape, inputs.dtype, inputs.min(), inputs.max()) == ((1295, 8, 8, 1), np.float32, 0, 255)
    assert len(digits.notices) == 3


def test_digits_are_scikit_learns_each_in_one_split(digits):
    from sklearn.datasets import load_digits

    original = load_digits()
    images = (original.images[..., None] * 255 / 16).astype("float32")
    assert examples(digits) == sorted((x.tobytes(), int(y)) for x, y in zip(images, original.target, strict=True))


def test_splits_are_stratified_and_only_validation_follows_the_seed(digits):
    other = load("digits", seed=1, validation=0.25)
    np.testing.assert_array_equal(other.test.stored, digits.test.stored)
    assert other.spec.counts["validation"] == pytest.approx(0.25 * (1797 - 359), abs=5)
    again = load("digits")
    np.testing.assert_array_equal(again.validation.stored, digits.validation.stored)
    assert not np.array_equal(load("digits", seed=1).validation.stored, digits.validation.stored)
    for split in (digits.train, digits.validation, digits.test):
        shares = np.bincount(split.labels) / len(split)
        assert shares.min() > 0.085 and shares.max() < 0.115
    assert examples(other) == examples(digits)


def test_resized_in_the_pipeline_with_channels_converted(digits):
    data = digits.resized((16, 12, 3))
    assert data.spec.shape == (16, 12, 3)
    assert data.spec.counts == digits.spec.counts
    x, _ = next(iter(data.train.batches(5)))
    assert x.shape == (5, 16, 12, 3)
    np.testing.assert_array_equal(x[..., 0], x[..., 2])
    assert x.numpy().min() >= 0 and x.numpy().max() <= 255
    assert digits.resized((8, 8, 1)) is digits
    np.testing.assert_array_equal(data.test.labels, digits.test.labels)


def test_resizing_covers_and_crops_to_the_centre():
    from keras_dl.data.resize import cover

    wide = np.zeros((1, 10, 30, 1), "float32")
    wide[:, :, 10:20] = 200
    np.testing.assert_allclose(cover(wide, (10, 10, 1)), np.full((1, 10, 10, 1), 200))
    np.testing.assert_allclose(cover(wide, (5, 3, 3))[0, :, :, 1], np.full((5, 3), 200), atol=1e-3)
    rgb = np.array([100, 50, 200], "float32") * np.ones((1, 4, 4, 1), "float32")
    np.testing.assert_allclose(cover(rgb, (4, 4, 1)), np.full((1, 4, 4, 1), 82.05), atol=0.1)
    checkers = np.indices((8, 8)).sum(axis=0)[None, ..., None] % 2 * 255
    np.testing.assert_allclose(cover(checkers, (2, 2, 1)), np.full((1, 2, 2, 1), 127.5), atol=8)


def test_an_image_size_is_given_to_every_kind_of_picture():
    assert load("digits", image_size=12).spec.shape == (12, 12, 1)


@REAL
def test_mnist():
    data = load("mnist")
    assert data.spec.counts == {"train": 54001, "validation": 5999, "test": 10000}
    assert data.spec.shape == (28, 28, 1)
    assert data.train.stored.dtype == np.uint8
    x, y = next(iter(data.test.batches(100)))
    assert (x.shape, y.shape) == ((100, 28, 28, 1), (100,))
    assert x.numpy().max() == 255
    assert np.bincount(data.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@REAL
def test_pictures_of_different_sizes():
    data = load("flowers_r128", image_size=32)
    assert data.spec.shape == (32, 32, 3)
    assert data.spec.counts == {"train": 2641, "validation": 294, "test": 735}
    assert data.spec.class_names == ("dandelion", "daisy", "tulips", "sunflowers", "roses")
    assert data.train.stored.dtype == np.uint8
    assert any("no test split" in notice for notice in data.notices)


@REAL
def test_floats_are_mapped_to_pixel_values(capfd):
    data = load("usps_zip")
    assert data.spec.counts == {"train": 6564, "validation": 727, "test": 2007}
    assert (data.train.stored.min(), data.train.stored.max()) == (0, 255)
    assert "pixel values -1..1 were mapped to 0..255" in data.notices
    assert capfd.readouterr() == ("", "")


def test_vectors_of_numbers(tmp_path):
    rows, labels = np.arange(120, dtype=np.float32).reshape(30, 4), [number % 3 for number in range(30)]
    store(tmp_path, {"train": (rows, labels), "test": (rows[:6], labels[:6])})
    data = load("rows", data_dir=str(tmp_path))
    assert (data.spec.kind, data.spec.shape, data.spec.classes) == ("features", (4,), 3)
    assert data.spec.counts == {"train": 27, "validation": 3, "test": 6}
    np.testing.assert_array_equal(data.test.inputs()[:, 0] // 4 % 3, data.test.labels)
    assert data.resized((4,)) is data


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 255)])
def test_pictures_of_numbers_become_pixels(tmp_path, low, high):
    pictures = np.linspace(low, high, 12 * 16, dtype=np.float32).reshape(12, 4, 4, 1)
    store(tmp_path, {"train": (pictures, [0, 1, 2] * 4)})
    data = load("rows", data_dir=str(tmp_path))
    values = np.concatenate([split.inputs() for split in (data.train, data.validation, data.test)])
    assert data.spec.kind == "image"
    np.testing.assert_allclose(np.sort(values.ravel()), np.linspace(0, 255, 12 * 16), rtol=1e-5, atol=1e-3)
    assert any("mapped" in notice for notice in data.notices) == (high != 255)


def test_pictures_that_were_made_smaller_are_read_again(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (30, 12, 12, 3)).astype(np.uint8)
    store(tmp_path, {"train": (pictures, [0, 1, 2] * 10)})
    small, full = (load("rows", data_dir=str(tmp_path), image_size=size) for size in (6, None))
    assert (small.spec.shape, full.spec.shape) == ((6, 6, 3), (12, 12, 3))
    np.testing.assert_array_equal(small.resized((12, 12, 3)).train.inputs(), full.train.inputs())
    np.testing.assert_allclose(small.train.inputs(), full.resized((6, 6, 3)).train.inputs(), atol=0.51)


def test_own_arrays_make_a_split():
    split = Split.of(np.zeros((3, 5), int), [0, 2.0, 1], classes=3)
    assert (split.stored.dtype, split.labels.dtype, split.shape, len(split)) == (np.float32, np.int64, (5,), 3)
