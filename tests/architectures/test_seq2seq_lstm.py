"""Translation without attention: pads and the future unseen, the order of reading, its parts, sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_numpy import random_weights

import keras_dl
from keras_dl.catalogue.describe import describe_model
from keras_dl.decoding.conditional import read, told

SIZES = {"source_vocabulary_size": 20, "target_vocabulary_size": 15, "source_length": 7, "target_length": 6}
SMALL = keras_dl.get_config("seq2seq_lstm", **SIZES, width=4, layers=2)
GENERATOR = np.random.default_rng(0)
LENGTHS = np.array([7, 5, 1])
X = {
    "source_token_ids": GENERATOR.integers(1, 20, (3, 7)).astype("int32"),
    "source_padding_mask": np.arange(7) < LENGTHS[:, None],
    "target_token_ids": GENERATOR.integers(1, 15, (3, 6)).astype("int32"),
}


@pytest.fixture(scope="module")
def network():
    """The network and its weights by their paths, as after training."""
    model = SMALL.build()
    return model, random_weights(model)


def of_the_definition(weights, row):
    """Logits (target_length, vocabulary) of one sentence, in float64, of its tokens alone."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def layer(x, name, hidden, cell):
        cells, found = f"{name}/lstm_cell", []
        for one in x:
            gates = one @ weights[f"{cells}/kernel"] + hidden @ weights[f"{cells}/recurrent_kernel"]
            entrance, forget, new, output = np.split(gates + weights[f"{cells}/bias"], 4)
            cell = sigmoid(forget) * cell + sigmoid(entrance) * np.tanh(new)
            hidden = sigmoid(output) * np.tanh(cell)
            found.append(hidden)
        return np.array(found), hidden, cell

    x = weights["encoder_embedding/embeddings"][X["source_token_ids"][row, : LENGTHS[row]][::-1]]
    y = weights["decoder_embedding/embeddings"][X["target_token_ids"][row]]
    for index in (1, 2):
        x, hidden, cell = layer(x, f"encoder{index}", np.zeros(4), np.zeros(4))
        y, _, _ = layer(y, f"decoder{index}", hidden, cell)
    return y @ weights["head/kernel"] + weights["head/bias"]


def test_outputs_are_those_of_the_definition(network):
    model, weights = network
    expected = np.stack([of_the_definition(weights, row) for row in range(3)])
    np.testing.assert_allclose(model(X), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("xla", [False, True])
def test_pads_and_the_future_are_not_seen(network, xla):
    model, _ = network
    logits = tf.function(model, jit_compile=xla)
    before = logits(X).numpy()
    pads = np.where(X["source_padding_mask"], X["source_token_ids"], 5).astype("int32")
    np.testing.assert_array_equal(logits({**X, "source_token_ids": pads}), before)
    for place in range(6):
        changed = X["target_token_ids"].copy()
        changed[:, place] = changed[:, place] % 14 + 1
        after = logits({**X, "target_token_ids": changed}).numpy()
        np.testing.assert_array_equal(after[:, :place], before[:, :place])
        assert np.all(np.any(after[:, place:] != before[:, place:], axis=-1))


def test_its_parts_give_what_it_gives(network):
    model, _ = network
    source = {name: X[name] for name in ("source_token_ids", "source_padding_mask")}
    found = told(model, read(model, source), X["target_token_ids"])
    np.testing.assert_allclose(found["logits"], model(X), atol=1e-5)


def test_every_weight_has_a_gradient(network):
    model, _ = network
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(X["target_token_ids"], model(X))
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.any(tf.convert_to_tensor(gradient)), variable.path


def test_the_multiplications_are_those_of_its_matrices():
    expected = (7 + 6) * 2 * 4 * (4 + 4) * 4 + 6 * 4 * 15
    assert keras_dl.describe(SMALL).multiply_adds == expected
    with keras.StatelessScope(initialize_variables=False):
        assert describe_model(SMALL.build()) == keras_dl.describe(SMALL)


def test_the_recurrent_layers_of_the_paper_have_64_million_weights():
    with keras.StatelessScope(initialize_variables=False):
        model = keras_dl.get_config("seq2seq_lstm").build()
    recurrent = [v for v in model.trainable_variables if "lstm_cell" in v.path]
    assert sum(np.prod(variable.shape) for variable in recurrent) == 64_032_000
