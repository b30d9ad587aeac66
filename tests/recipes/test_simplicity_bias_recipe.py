import numpy as np
import pytest
from short_run import short_run

from keras_dl.errors import UsageError
from keras_dl.recipes.simplicity_bias import SimplicityBias, complexity, phrases


def test_short_run(tmp_path):
    results, claims = short_run(SimplicityBias(out=str(tmp_path), seeds=1, bits=5, samples=4000))
    assert claims[1].held and claims[2].held
    row = results.rows[0]
    assert row["counts"] == sorted(row["counts"], reverse=True) and row["counts"][-1] > 1
    assert row["complexities"][0] == 5, "a constant function is the most frequent one"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0001101001000101", 6),  # Lempel & Ziv 1976; Kaspar & Schuster 1987: 0.001.10.100.1000.101
        ("0000000000", 2),  # 0.000000000
        ("0101010101", 3),  # 0.1.01010101
        ("01", 2),
    ],
)
def test_phrases_of_lempel_and_ziv(text, count):
    assert phrases(text) == count


def test_complexity_of_constants_and_coins():
    assert complexity(np.zeros(128, int)) == complexity(np.ones(128, int)) == 7
    coins = np.random.default_rng(0).integers(0, 2, 128)
    assert complexity(coins) == complexity(coins[::-1]) > 100


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("bits", 2, "bits must be from 3 to 10, got 2"),
        ("samples", 1000, "samples must be a positive multiple of 2,000, got 1000"),
        ("hidden", 0, "hidden must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        SimplicityBias(**{option: value})
