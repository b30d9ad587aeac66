"""Causal attention is Keras's own, and positions are added; both survive being saved."""

import keras
import numpy as np
import pytest

from keras_dl.layers import CausalAttention, Positions

GENERATOR = np.random.default_rng(0)
PARTS = [GENERATOR.normal(size=(2, 5, 12)).astype("float32") for _ in range(3)]


def test_is_dot_product_attention_with_a_causal_mask():
    outputs = CausalAttention(3)(np.concatenate(PARTS, axis=-1))
    heads = [part.reshape(2, 5, 3, 4) for part in PARTS]
    expected = keras.ops.dot_product_attention(*heads, is_causal=True)
    np.testing.assert_allclose(outputs, np.reshape(expected, (2, 5, 12)), atol=1e-6)


def test_attention_is_dropped_while_training_only():
    keras.utils.set_random_seed(0)
    layer, x = CausalAttention(3, 0.5), np.concatenate([*PARTS[:2], np.ones((2, 5, 12))], axis=-1).astype("float32")
    np.testing.assert_allclose(layer(x), 1, rtol=1e-6)
    sums = np.stack([layer(x, training=True) for _ in range(200)])
    assert set(np.round(sums[:, :, 0], 4).ravel()) == {0, 2}  # the first token sees itself alone
    assert sums.mean() == pytest.approx(1, abs=0.05)


def test_the_softmax_is_taken_in_float32():
    layer = CausalAttention(3, dtype="mixed_bfloat16")
    outputs = layer(np.concatenate(PARTS, axis=-1))
    assert outputs.dtype == "bfloat16"
    expected = CausalAttention(3)(np.concatenate(PARTS, axis=-1))
    np.testing.assert_allclose(np.asarray(outputs, "float32"), expected, atol=0.03)


def test_a_saved_model_gives_the_same_outputs(tmp_path):
    inputs = keras.Input((5, 12))
    x = Positions("random_normal", name="positions")(inputs)
    x = keras.layers.Dense(36, name="dense")(x)
    model = keras.Model(inputs, CausalAttention(3, 0.1, name="attention")(x))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(PARTS[0]), model(PARTS[0]))
    assert (loaded.get_layer("attention").heads, loaded.get_layer("attention").dropout) == (3, 0.1)
    assert isinstance(loaded.get_layer("positions").initializer, keras.initializers.RandomNormal)


def test_positions_are_added_and_learned():
    layer = Positions()
    outputs = layer(PARTS[0])
    assert [weight.path.rpartition("/")[2] for weight in layer.trainable_weights] == ["positions"]
    np.testing.assert_array_equal(outputs, PARTS[0] + layer.positions.numpy())
