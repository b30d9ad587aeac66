"""Translation with attention: the definition in plain numpy, pads and the future unseen, the alignment, sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_numpy import random_weights

import keras_dl
from keras_dl.architectures.sequence.seq2seq import attention
from keras_dl.layers import Maxout

SMALL = keras_dl.get_config(
    "seq2seq_attention",
    source_vocabulary_size=20,
    target_vocabulary_size=15,
    source_length=7,
    target_length=6,
    embedding_width=5,
    width=4,
    biases=True,
)
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


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru(gates, state, recurrent):
    """The next state: Cho et al.'s step, the state reset before the kernel."""
    update, reset, new = np.split(gates, 3)
    of_update, of_reset, of_new = np.split(recurrent, 3, axis=1)
    update, reset = sigmoid(update + state @ of_update), sigmoid(reset + state @ of_reset)
    return update * state + (1 - update) * np.tanh(new + (reset * state) @ of_new)


def of_the_definition(weights, source, target):
    """Logits and attention of a sentence without pads."""
    ways = {}
    for way, words in (("forward", source), ("backward", source[::-1])):
        kernel, recurrent, bias = (
            weights[f"encoder_both_ways/{way}_encoder_gru/gru_cell/{part}"]
            for part in ("kernel", "recurrent_kernel", "bias")
        )
        states = [np.zeros(4)]
        for word in weights["encoder_embedding/embeddings"][words]:
            states.append(gru(word @ kernel + bias, states[-1], recurrent))
        ways[way] = states[1:]
    annotations = np.concatenate([ways["forward"], ways["backward"][::-1]], axis=1)

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights.get(f"{name}/bias", 0)

    cell = {part: weights[f"decoder_gru/cell/{part}"] for part in ("query_kernel", "score", "context_kernel")}
    state = np.tanh(dense(ways["backward"][-1], "decoder_state"))
    logits, looks = [], []
    for word in weights["decoder_embedding/embeddings"][target]:
        scores = np.tanh(state @ cell["query_kernel"] + dense(annotations, "decoder_keys")) @ cell["score"][:, 0]
        look = np.exp(scores) / np.exp(scores).sum()
        context = look @ annotations
        pairs = dense(np.concatenate([state, word, context]), "decoder_pairs").reshape(2, 2)
        logits.append(dense(pairs.max(axis=1), "decoder_head"))
        looks.append(look)
        gates = dense(word, "decoder_gates") + context @ cell["context_kernel"]
        state = gru(gates, state, weights["decoder_gru/cell/recurrent_kernel"])
    return np.array(logits), np.array(looks)


def test_outputs_and_alignment_are_those_of_the_definition(network):
    model, weights = network
    logits, looks = model(X).numpy(), attention(model)(X).numpy()
    for row, length in enumerate(LENGTHS):
        source, target = X["source_token_ids"][row, :length], X["target_token_ids"][row]
        expected, expected_looks = of_the_definition(weights, source, target)
        np.testing.assert_allclose(logits[row], expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(looks[row, :, :length], expected_looks, rtol=1e-4, atol=1e-6)
        assert not np.any(looks[row, :, length:]), "no pad is looked at"


@pytest.mark.parametrize("xla", [False, True])
def test_neither_pads_nor_the_future_are_seen(network, xla):
    logits = tf.function(network[0], jit_compile=xla)
    before = logits(X).numpy()
    pads = X | {"source_token_ids": np.where(X["source_padding_mask"], X["source_token_ids"], 3)}
    assert np.any(pads["source_token_ids"] != X["source_token_ids"])
    np.testing.assert_allclose(logits(pads), before, atol=1e-6)
    for place in range(6):
        target = X["target_token_ids"].copy()
        target[:, place] = (target[:, place] + 1) % 15
        after = logits(X | {"target_token_ids": target}).numpy()
        np.testing.assert_array_equal(after[:, :place], before[:, :place])
        assert np.all(np.any(after[:, place] != before[:, place], axis=-1))


def test_every_weight_has_a_gradient(network):
    model, _ = network
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(X["target_token_ids"], model(X))
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.any(tf.convert_to_tensor(gradient)), variable.path


def test_sizes_are_those_of_the_appendix():
    described = keras_dl.describe("seq2seq_attention")
    sizes = {layer.name: layer.parameters for layer in described.layers}
    units, word, words, pairs = 1000, 620, 30_000, 1000
    assert sizes["encoder/encoder_both_ways"] == 2 * 3 * (word + units) * units
    alignment = units * units + 2 * units * units + units
    decoder = ("gates", "state", "keys", "gru")
    expected = 3 * (word + units + 2 * units) * units + units * units + alignment
    assert sum(sizes[f"decoder/decoder_{part}"] for part in decoder) == expected
    assert sizes["decoder/decoder_pairs"] == (units + word + 2 * units) * pairs
    assert sizes["decoder/decoder_head"] == pairs // 2 * words
    assert keras_dl.describe("seq2seq_attention", biases=True).parameters == 80_442_000


def test_a_saved_model_gives_the_same_outputs(network, tmp_path):
    model, _ = network
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(X), model(X))
    np.testing.assert_array_equal(attention(loaded)(X), attention(model)(X))


def test_a_sentence_without_words_gives_finite_logits(network):
    nothing = X | {"source_padding_mask": np.zeros((3, 7), bool)}
    assert np.isfinite(network[0](nothing)).all()


def test_maxout_takes_the_largest_of_neighbours():
    x = np.array([[1, 2, 5, -3, -2, -1]], "float32")
    np.testing.assert_array_equal(Maxout()(x), [[2, 5, -1]])
    np.testing.assert_array_equal(Maxout(3)(x), [[5, -1]])
    assert Maxout.from_config(Maxout(3).get_config()).pieces == 3
    with pytest.raises(ValueError, match="6 units are no multiple of the 4 pieces"):
        Maxout(4)(x)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": 5}, "width must be a positive multiple of 2, got 5"),
        ({"target_length": 0}, "target_length must be at least 1, got 0"),
        ({"source_vocabulary_size": 1}, "source_vocabulary_size must be at least 2, got 1"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError) as error:
        keras_dl.get_config("seq2seq_attention", **changes)
    assert words in str(error.value) and "\n" not in str(error.value)
