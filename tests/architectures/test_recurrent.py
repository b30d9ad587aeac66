"""Recurrent classifiers: pads change nothing, LSTM by its definition in plain numpy, sizes, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_numpy import random_weights

import keras_dl

LENGTHS = np.array([9, 7, 4, 2, 1])
SMALL = {"vocabulary_size": 20, "length": 9, "classes": 3, "embedding_width": 5, "units": 4}
TOKENS = np.random.default_rng(0).integers(1, 20, (5, 9)).astype("int32")
MASK = np.arange(9) < LENGTHS[:, None]
WIRINGS = [
    pytest.param(name, changes, id=f"{name}-{index}")
    for name in ("simple_rnn_classifier", "lstm_classifier", "gru_classifier")
    for index, changes in enumerate([{}, {"layers": 2, "bidirectional": True}])
]


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize(("name", "changes"), WIRINGS)
def test_a_padded_batch_equals_single_sentences(name, changes, xla):
    config = keras_dl.get_config(name, **SMALL, **changes)
    model = config.build()
    random_weights(model)
    logits = tf.function(model, jit_compile=xla)({"token_ids": TOKENS, "padding_mask": MASK}).numpy()
    assert np.ptp(logits, axis=0).min() > 1e-3
    for row, length in enumerate(LENGTHS):
        single = config.replace(length=int(length)).build()
        single.set_weights(model.get_weights())
        tokens = TOKENS[row : row + 1, :length]
        alone = single({"token_ids": tokens, "padding_mask": np.ones_like(tokens, bool)})
        np.testing.assert_allclose(logits[row], alone[0], atol=1e-5)
    others = np.where(MASK, TOKENS, 7)
    np.testing.assert_allclose(model({"token_ids": others, "padding_mask": MASK}), logits, atol=1e-5)


def test_the_lstm_is_that_of_the_definition():
    model = keras_dl.get_config("lstm_classifier", **SMALL).build()
    weights = random_weights(model)
    kernel, recurrent, bias = (weights[f"stage1/lstm_cell/{part}"] for part in ("kernel", "recurrent_kernel", "bias"))

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    logits = model({"token_ids": TOKENS, "padding_mask": MASK}).numpy()
    for row, length in enumerate(LENGTHS):
        state = cell = np.zeros(4)
        for word in weights["embedding/embeddings"][TOKENS[row, :length]]:
            enter, forget, new, leave = np.split(word @ kernel + state @ recurrent + bias, 4)
            cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(new)
            state = sigmoid(leave) * np.tanh(cell)
        expected = state @ weights["head/kernel"] + weights["head/bias"]
        np.testing.assert_allclose(logits[row], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "one_way"), [("simple_rnn_classifier", 6_208), ("lstm_classifier", 24_832), ("gru_classifier", 18_816)]
)
def test_the_recurrent_layer_has_as_many_weights_as_published(name, one_way):
    for changes, expected in [({}, one_way), ({"bidirectional": True}, 2 * one_way)]:
        layers = {layer.name: layer.parameters for layer in keras_dl.describe(name, **changes).layers}
        assert layers["stage1"] == expected


@pytest.mark.parametrize(("name", "changes"), WIRINGS)
def test_every_weight_has_a_gradient(name, changes):
    model = keras_dl.get_config(name, **SMALL, **changes).build()
    random_weights(model)
    with tf.GradientTape() as tape:
        logits = model({"token_ids": TOKENS, "padding_mask": MASK}, training=True)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(np.arange(5) % 3, logits)
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.any(tf.convert_to_tensor(gradient)), variable.path


@pytest.mark.parametrize(("name", "changes"), WIRINGS)
def test_a_saved_model_gives_the_same_outputs(name, changes, tmp_path):
    model = keras_dl.get_config(name, **SMALL, **changes).build()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    x = {"token_ids": TOKENS, "padding_mask": MASK}
    np.testing.assert_array_equal(loaded(x), model(x))
