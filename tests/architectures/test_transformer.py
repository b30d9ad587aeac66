"""The Transformer: the definition in plain numpy, pads and the future unseen, its parts, sizes, refusals."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_numpy import random_weights

import keras_dl
from keras_dl import decoding
from keras_dl.catalogue.describe import describe_model
from keras_dl.decoding.conditional import read, told

SIZES = {
    "vocabulary_size": 13,
    "source_length": 7,
    "target_length": 5,
    "width": 8,
    "heads": 2,
    "units": 12,
    "blocks": 2,
}
SMALL = keras_dl.get_config("transformer_base", **SIZES)
GENERATOR = np.random.default_rng(0)
LENGTHS = np.array([7, 4, 1])
X = {
    "source_token_ids": GENERATOR.integers(1, 13, (3, 7)).astype("int32"),
    "source_padding_mask": np.arange(7) < LENGTHS[:, None],
    "target_token_ids": GENERATOR.integers(1, 13, (3, 5)).astype("int32"),
}


@pytest.fixture(scope="module")
def network():
    """The network and its weights by their paths, as after training."""
    model = SMALL.build()
    return model, random_weights(model)


def of_the_definition(weights, row):
    """Logits (target_length, vocabulary) of one sentence, in float64, of its tokens alone."""

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
        return x * weights[f"{name}/gamma"] + weights[f"{name}/beta"]

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    def attention(queries, keys, values, causal):
        mixed = []
        for q, k, v in zip(*(np.split(part, 2, axis=1) for part in (queries, keys, values)), strict=True):
            scores = q @ k.T / np.sqrt(q.shape[1])
            shares = np.exp(np.where(np.tri(*scores.shape), scores, -np.inf) if causal else scores)
            mixed.append(shares / shares.sum(-1, keepdims=True) @ v)
        return np.concatenate(mixed, axis=1)

    def looking(x, seen, name):
        keys, values = np.split(dense(seen, f"{name}_keys_values"), 2, axis=1)
        return dense(attention(dense(x, f"{name}_queries"), keys, values, False), f"{name}_mixed")

    def perceptron(x, name):
        return dense(np.maximum(dense(x, f"{name}_dense1"), 0), f"{name}_dense2")

    def embedded(tokens):
        places, x = np.arange(len(tokens))[:, None], table[tokens] * np.sqrt(8)
        angles = places / 10000.0 ** (np.arange(0, 8, 2) / 8)
        x[:, ::2] += np.sin(angles)
        x[:, 1::2] += np.cos(angles)
        return x

    table = weights["embedding/embeddings"]
    x = embedded(X["source_token_ids"][row, : LENGTHS[row]])
    for name in ("encoder1", "encoder2"):
        x = norm(x + looking(x, x, name), f"{name}_norm1")
        x = norm(x + perceptron(x, name), f"{name}_norm2")
    memory, x = x, embedded(X["target_token_ids"][row])
    for name in ("decoder1", "decoder2"):
        y = attention(*np.split(dense(x, f"{name}_queries_keys_values"), 3, axis=1), True)
        x = norm(x + dense(y, f"{name}_self_mixed"), f"{name}_norm1")
        x = norm(x + looking(x, memory, name), f"{name}_norm2")
        x = norm(x + perceptron(x, name), f"{name}_norm3")
    return x @ table.T


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
    for place in range(5):
        changed = X["target_token_ids"].copy()
        changed[:, place] = changed[:, place] % 12 + 1
        after = logits({**X, "target_token_ids": changed}).numpy()
        np.testing.assert_array_equal(after[:, :place], before[:, :place])
        assert np.all(np.any(after[:, place] != before[:, place], axis=-1))


def test_its_parts_give_what_it_gives(network):
    model, _ = network
    source = {name: X[name] for name in ("source_token_ids", "source_padding_mask")}
    found = told(model, read(model, source), X["target_token_ids"])
    np.testing.assert_allclose(found["logits"], model(X), atol=1e-5)
    shares = np.asarray(found["attention"])
    np.testing.assert_allclose(shares.sum(axis=-1), 1, atol=1e-5)
    assert not shares[~np.broadcast_to(X["source_padding_mask"][:, None], shares.shape)].any()


def test_greedy_translations_follow_the_logits(network):
    model, _ = network
    source = {name: X[name] for name in ("source_token_ids", "source_padding_mask")}
    begun = np.zeros((3, 6), "int32")
    begun[:, 0] = 2
    written = np.asarray(decoding.greedy(decoding.conditional(model, source), begun, np.ones(3, "int32")))
    expected = begun.copy()
    for place in range(1, 6):
        logits = model({**source, "target_token_ids": expected[:, :-1]})
        expected[:, place] = np.argmax(logits[:, place - 1], axis=-1)
    np.testing.assert_array_equal(written, expected)


def test_every_weight_has_a_gradient_and_all_are_counted(network):
    model, _ = network
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(X["target_token_ids"], model(X))
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.any(tf.convert_to_tensor(gradient)), variable.path
    attention, perceptron, norm = 4 * (8 * 8 + 8), 8 * 12 + 12 + 12 * 8 + 8, 16
    assert model.count_params() == 13 * 8 + 2 * (attention + perceptron + 2 * norm) + 2 * (
        2 * attention + perceptron + 3 * norm
    )


def test_the_multiplications_are_those_of_its_matrices():
    source, target, width, units = 7, 5, 8, 12
    encoder = source * (4 * width**2 + 2 * width * units) + 2 * source**2 * width
    decoder = (
        target * (6 * width**2 + 2 * width * units) + source * 2 * width**2 + 2 * target * (target + source) * width
    )
    assert keras_dl.describe(SMALL).multiply_adds == 2 * (encoder + decoder) + target * width * 13
    with keras.StatelessScope(initialize_variables=False):
        assert describe_model(SMALL.build()) == keras_dl.describe(SMALL)


def test_a_keras_file_gives_the_same_outputs(network, tmp_path):
    model, _ = network
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(X), model(X))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": 36, "heads": 8}, "width must be even and a multiple of the 8 heads, got 36"),
        ({"heads": 0}, "heads must be at least 1, got 0"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1.0"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError) as error:
        keras_dl.get_config("transformer_base", **changes)
    assert words in str(error.value) and "\n" not in str(error.value)
