"""The imputer: its number, its outputs in plain numpy, and what it takes."""

import numpy as np
import pytest
from plain_numpy import random_weights

import keras_dl
from keras_dl import UsageError
from keras_dl.data import load


def test_it_is_as_large_as_it_should_be():
    assert keras_dl.describe("masked_imputer").parameters == 28_190 == 61 * 128 - 128 + 129 * 128 + 129 * 30 + 128


def test_outputs_are_those_of_the_definition():
    network = keras_dl.build("masked_imputer", input_shape=(3,), units=5, dropout=0.5)
    weights = random_weights(network)
    generator = np.random.default_rng(0)
    features, known = generator.normal(size=(4, 3)), generator.integers(0, 2, (4, 3))
    x = np.concatenate([features, known], axis=1)
    for stage in ("stage1", "stage2"):
        x = np.maximum(0, x @ weights[f"{stage}/kernel"] + weights[f"{stage}/bias"])
    expected = x @ weights["head/kernel"] + weights["head/bias"]
    found = network({"features": features.astype("float32"), "known": known.astype("float32")})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_it_takes_tables_alone():
    with pytest.raises(UsageError, match="masked_imputer takes the rows of a table, digits is image"):
        keras_dl.get_config("masked_imputer").for_data(load("digits").spec)
