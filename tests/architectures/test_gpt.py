"""GPT: the definition in plain numpy, no sight of the future, published sizes, starting values, refusals."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_numpy import random_weights

import keras_dl
from keras_dl.catalogue.describe import describe_model

SMALL = keras_dl.get_config("gpt2_small", blocks=2, heads=2, head_width=8, length=6, vocabulary_size=11, dropout=0.0)
TOKENS = np.random.default_rng(0).integers(0, 11, (3, 6)).astype("int32")


FORMS = {name: SMALL.replace(normalization=name) for name in ("before", "after")}


def of_the_definition(weights, tokens, form="before", blocks=2, heads=2):
    """Logits (length, vocabulary) of one text, in float64."""

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * weights[f"{name}/gamma"] + weights[f"{name}/beta"]

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    def attention(q, k, v):
        scores = q @ k.T / np.sqrt(q.shape[1])
        shares = np.exp(np.where(np.tri(len(scores)), scores, -np.inf))
        return shares / shares.sum(-1, keepdims=True) @ v

    def gelu(x):
        return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2

    table = weights["embedding/embeddings"]
    x = table[tokens] + weights["embedding_positions/positions"]
    for stage in (f"stage{index + 1}" for index in range(blocks)):
        before, after = (norm, lambda x, _: x) if form == "before" else (lambda x, _: x, norm)
        y = dense(before(x, f"{stage}_norm1"), f"{stage}_queries_keys_values")
        parts = [np.split(part, heads, axis=1) for part in np.split(y, 3, axis=1)]
        mixed = np.concatenate([attention(*one) for one in zip(*parts, strict=True)], 1)
        x = after(x + dense(mixed, f"{stage}_mixed"), f"{stage}_norm1")
        y = gelu(dense(before(x, f"{stage}_norm2"), f"{stage}_dense1"))
        x = after(x + dense(y, f"{stage}_dense2"), f"{stage}_norm2")
    return before(x, f"stage{blocks}_norm") @ table.T


@pytest.mark.parametrize("form", FORMS)
def test_outputs_are_those_of_the_definition(form):
    model = FORMS[form].build()
    weights = random_weights(model)
    expected = np.stack([of_the_definition(weights, tokens, form) for tokens in TOKENS])
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


def test_every_weight_has_a_gradient_and_all_are_counted():
    model = SMALL.build()
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(TOKENS, model(TOKENS))
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.any(tf.convert_to_tensor(gradient)), variable.path
    width = 16
    block = (
        2 * 2 * width + (width + 1) * 3 * width + (width + 1) * width + (width + 1) * 4 * width + 4 * width**2 + width
    )
    assert model.count_params() == (11 + 6) * width + 2 * block + 2 * width


def test_the_small_one_for_characters():
    """4 layers of 4 heads and 128 numbers, a context of 64: the settings that nanoGPT names for a CPU."""
    changes = {"blocks": 4, "heads": 4, "head_width": 32, "length": 64, "dropout": 0.0}
    config = keras_dl.get_config("gpt2_small", vocabulary_size=65, **changes)
    assert (config.width, keras_dl.describe(config).parameters) == (128, 65 * 128 + 64 * 128 + 4 * 198_272 + 256)


def test_the_multiplications_are_those_of_its_matrices():
    config = SMALL
    tokens, width = 6, 16
    expected = 2 * tokens * 12 * width**2 + 2 * 2 * tokens**2 * width + tokens * width * 11
    assert keras_dl.describe(config).multiply_adds == expected
    with keras.StatelessScope(initialize_variables=False):
        assert describe_model(config.build()) == keras_dl.describe(config)


def test_starting_values():
    config = keras_dl.get_config("gpt2_small", blocks=8, heads=2, length=64, vocabulary_size=500)
    weights = {variable.path: variable.numpy() for variable in config.build().weights if variable.dtype == "float32"}
    deviations = {"embedding/embeddings": 0.02, "embedding_positions/positions": 0.01}
    residual = 0.02 / 4  # the root of sixteen branches
    deviations |= {"stage1_queries_keys_values/kernel": 0.02, "stage3_mixed/kernel": residual}
    deviations |= {"stage1_dense1/kernel": 0.02, "stage8_dense2/kernel": residual}
    for path, deviation in deviations.items():
        assert weights[path].std() == pytest.approx(deviation, rel=0.05), path
    assert not np.array_equal(weights["stage1_mixed/kernel"], weights["stage2_mixed/kernel"])


def test_dropout_follows_the_embedding_the_attention_and_every_branch():
    model = SMALL.replace(dropout=0.25).build()
    names = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert names == ["embedding_dropout", *(f"stage{stage}_dropout{index}" for stage in (1, 2) for index in (1, 2))]
    assert {model.get_layer(f"stage{stage}_attention").dropout for stage in (1, 2)} == {0.25}
    assert not any(isinstance(layer, keras.layers.Dropout) for layer in SMALL.build().layers)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"heads": 0}, "heads must be at least 1, got 0"),
        ({"head_width": 0}, "head_width must be at least 1, got 0"),
        ({"length": 0}, "length must be at least 1, got 0"),
        ({"vocabulary_size": 1}, "vocabulary_size must be at least 2, got 1"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1.0"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError) as error:
        keras_dl.get_config("gpt2_small", **changes)
    assert words in str(error.value) and "\n" not in str(error.value)
