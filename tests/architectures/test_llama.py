"""LLaMA: the definition in plain numpy, no sight of the future, published sizes, refusals."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_numpy import random_weights

import keras_dl
from keras_dl.catalogue.describe import describe_model

SMALL = keras_dl.get_config(
    "llama_2_70b", blocks=2, heads=4, key_value_heads=2, width=24, length=6, vocabulary_size=11, unit_multiple=8
)
TOKENS = np.random.default_rng(0).integers(0, 11, (3, 6)).astype("int32")


def of_the_definition(weights, tokens):
    """Logits (length, vocabulary) of one text, in float64."""

    def norm(x, name):
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * weights[f"{name}/scale"]

    def turned(x):
        """As complex numbers, of which a place multiplies each by a power of its own."""
        half = x.shape[1] // 2
        numbers = x[:, :half] + 1j * x[:, half:]
        numbers = numbers * np.exp(1j * np.outer(np.arange(len(x)), 10000.0 ** (-np.arange(half) / half)))
        return np.concatenate([numbers.real, numbers.imag], axis=1)

    def attention(q, k, v):
        scores = turned(q) @ turned(k).T / np.sqrt(q.shape[1])
        shares = np.exp(np.where(np.tri(len(scores)), scores, -np.inf))
        return shares / shares.sum(-1, keepdims=True) @ v

    x = weights["embedding/embeddings"][tokens]
    for stage in ("stage1", "stage2"):
        parts = norm(x, f"{stage}_norm1") @ weights[f"{stage}_queries_keys_values/kernel"]
        heads = np.split(parts, 8, axis=1)
        queries, keys, values = heads[:4], heads[4:6], heads[6:]
        mixed = [attention(query, keys[index // 2], values[index // 2]) for index, query in enumerate(queries)]
        x = x + np.concatenate(mixed, axis=1) @ weights[f"{stage}_mixed/kernel"]
        y = norm(x, f"{stage}_norm2")
        gates = y @ weights[f"{stage}_gates/kernel"]
        y = gates / (1 + np.exp(-gates)) * (y @ weights[f"{stage}_dense1/kernel"])
        x = x + y @ weights[f"{stage}_dense2/kernel"]
    return norm(x, "stage2_norm") @ weights["head/kernel"]


def test_outputs_are_those_of_the_definition():
    model = SMALL.build()
    weights = random_weights(model)
    expected = np.stack([of_the_definition(weights, tokens) for tokens in TOKENS])
    np.testing.assert_allclose(model(TOKENS), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("xla", [False, True])
def test_change_the_future_and_the_past_does_not_move(xla):
    model = SMALL.build()
    random_weights(model)
    logits = tf.function(model, jit_compile=xla)
    before = logits(TOKENS).numpy()
    for place in range(6):
        changed = TOKENS.copy()
        changed[:, place] = (changed[:, place] + 1) % 11
        after = logits(changed).numpy()
        np.testing.assert_array_equal(after[:, :place], before[:, :place])
        assert np.all(np.any(after[:, place:] != before[:, place:], axis=-1)), "every later place sees the change"


def test_every_weight_has_a_gradient():
    model = SMALL.build()
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(TOKENS, model(TOKENS))
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.any(tf.convert_to_tensor(gradient)), variable.path


@pytest.mark.parametrize(
    ("name", "units"),
    [("llama_7b", 11008), ("llama_13b", 13824), ("llama_33b", 17920), ("llama_65b", 22016), ("llama_2_70b", 28672)],
)
def test_units_are_those_that_were_published(name, units):
    assert keras_dl.get_config(name).units == units


def test_the_multiplications_are_those_of_its_matrices():
    tokens, width, units = 6, 24, SMALL.units
    block = width * 48 + width**2 + 3 * width * units
    expected = tokens * (2 * block + width * 11) + 2 * 2 * tokens**2 * width
    assert keras_dl.describe(SMALL).multiply_adds == expected
    with keras.StatelessScope(initialize_variables=False):
        assert describe_model(SMALL.build()) == keras_dl.describe(SMALL)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"heads": 0}, "heads must be at least 1, got 0"),
        ({"width": 100, "heads": 8}, "width must be a multiple of twice the 8 heads, got 100; the nearest is 96"),
        ({"heads": 4, "key_value_heads": 3}, "key_value_heads must divide the 4 heads, got 3"),
        ({"rotary_base": 0.0}, "rotary_base must be above 0"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError) as error:
        keras_dl.get_config("llama_7b", **changes)
    assert words in str(error.value) and "\n" not in str(error.value)
