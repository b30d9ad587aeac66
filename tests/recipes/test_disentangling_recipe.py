"""Disentangling: the factors are in the pictures, the gap by its definition, and what every run must leave."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.data.factors import LEVELS, mutual_information_gap, placed_digits
from keras_dl.recipes.disentangling import Disentangling, _told


def test_every_representation_is_asked_for_every_factor(tmp_path):
    results, claims = short_run(Disentangling(out=str(tmp_path), seeds=1, steps=100, copies=1, units=16))
    assert len(claims) == 5
    codes, layers = (_told(results, network) for network in ("autoencoder", "classifier"))
    assert [*codes] == ["clusters", "code", "turned"] and [*layers] == ["pixels", "layer1", "layer2", "layer3"]
    assert layers["layer1"]["digit"] > 20 and codes["code"]["column"] > 33


def test_pictures_show_their_factors():
    digits = load("digits").test.take(range(20))
    split, factors = placed_digits(digits, 2, 0)
    assert split.shape == (10, 14, 1) and factors.shape == (40, 4)
    np.testing.assert_array_equal(factors[:, 0], np.repeat(digits.labels, 2))
    for picture, (_, column, row, level), digit in zip(
        split.inputs(), factors, np.repeat(digits.inputs(), 2, axis=0), strict=True
    ):
        part = picture[row : row + 8, 3 * column : 3 * column + 8]
        np.testing.assert_array_equal(part, np.floor(np.float32(LEVELS[level]) * digit))
        assert picture.sum() == part.sum()
    with pytest.raises(UsageError, match="gray pictures of ten classes are wanted"):
        placed_digits(type(split)({"image": np.zeros((2, 8, 8, 3), "uint8"), "label": np.array([0, 1])}), 1, 0)


def test_the_gap_is_1_where_each_number_is_one_factor_and_0_where_two_share_it():
    factors = np.random.default_rng(0).integers(0, 3, (900, 2))
    assert mutual_information_gap(factors.astype("float32"), factors) == pytest.approx(1, abs=0.02)
    both = np.stack([factors[:, 0]] * 2, axis=1).astype("float32")
    assert mutual_information_gap(both, factors[:, :1]) == 0
    turned = factors @ np.array([[1, 1], [1, -1]])
    assert mutual_information_gap(turned, factors) < 0.2


@pytest.mark.parametrize(
    ("option", "value", "words"), [("steps", 0, "steps must be at least 1"), ("copies", 0, "copies")]
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        Disentangling(out=str(tmp_path), **{option: value}).run()
