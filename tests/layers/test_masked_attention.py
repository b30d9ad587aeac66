"""Attention that leaves out pads: its formula, dropout, the softmax, nothing to look at."""

import keras
import numpy as np

from keras_dl.layers import MaskedAttention

GENERATOR = np.random.default_rng(0)
QUERIES = GENERATOR.normal(size=(2, 3, 4)).astype("float32")
KEYS_AND_VALUES = GENERATOR.normal(size=(2, 5, 8)).astype("float32")
MASK = np.array([[True] * 5, [True, True, False, False, False]])


def of_the_formula(row):
    mixed, shares = [], []
    for head in (slice(0, 2), slice(2, 4)):
        keys, values = (part[:, head] for part in np.split(KEYS_AND_VALUES[row, MASK[row]], 2, axis=1))
        share = np.exp(QUERIES[row, :, head] @ keys.T / np.sqrt(2))
        share /= share.sum(axis=1, keepdims=True)
        shares.append(np.pad(share, ((0, 0), (0, 5 - share.shape[1]))))
        mixed.append(share @ values)
    return np.concatenate(mixed, axis=1), np.mean(shares, axis=0)


def test_is_dot_product_attention_to_what_the_mask_leaves():
    found = MaskedAttention(2)([QUERIES, KEYS_AND_VALUES, MASK])
    for row in range(2):
        for one, expected in zip(found, of_the_formula(row), strict=True):
            np.testing.assert_allclose(one[row], expected, rtol=1e-5, atol=1e-6)


def test_where_nothing_is_to_be_seen_all_counts():
    nothing = [QUERIES, KEYS_AND_VALUES, np.zeros_like(MASK)]
    all_of_it = [QUERIES, KEYS_AND_VALUES, np.ones_like(MASK)]
    for one, other in zip(MaskedAttention(2)(nothing), MaskedAttention(2)(all_of_it), strict=True):
        np.testing.assert_array_equal(one, other)


def test_attention_is_dropped_while_training_only():
    layer = MaskedAttention(2, dropout=0.5)
    still, _ = layer([QUERIES, KEYS_AND_VALUES, MASK])
    moved, shares = layer([QUERIES, KEYS_AND_VALUES, MASK], training=True)
    np.testing.assert_array_equal(still, MaskedAttention(2)([QUERIES, KEYS_AND_VALUES, MASK])[0])
    assert np.abs(still - moved).max() > 0.1
    np.testing.assert_allclose(np.sum(shares, axis=-1), 1, atol=1e-6)


def test_a_saved_model_gives_the_same_outputs(tmp_path):
    inputs = [keras.Input((3, 4)), keras.Input((5, 8)), keras.Input((5,), dtype="bool")]
    model = keras.Model(inputs, MaskedAttention(2, 0.1)(inputs))
    model.save(tmp_path / "model.keras")
    given = [QUERIES, KEYS_AND_VALUES, MASK]
    again = keras.models.load_model(tmp_path / "model.keras")
    for one, other in zip(again(given), model(given), strict=True):
        np.testing.assert_array_equal(one, other)
