"""BERT: the definition in plain numpy, pads unseen, all heads, published sizes, starting values, refusals."""

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from plain_numpy import random_weights

import keras_dl
from keras_dl.catalogue.describe import describe_model
from keras_dl.data import Spec

SMALL = keras_dl.get_config("bert_tiny", heads=2, head_width=4, length=6, vocabulary_size=11, dropout=0.0)
GENERATOR = np.random.default_rng(0)
LENGTHS = np.array([6, 4, 1])
X = {
    "token_ids": GENERATOR.integers(1, 11, (3, 6)).astype("int32"),
    "padding_mask": np.arange(6) < LENGTHS[:, None],
    "segment_ids": GENERATOR.integers(0, 2, (3, 6)).astype("int32"),
}
HEADS = {
    "none": SMALL,
    "text": SMALL.replace(classes=3),
    "tokens": SMALL.replace(head="tokens", classes=3),
    "span": SMALL.replace(head="span"),
    "words": SMALL.replace(head="words"),
    "words_and_next": SMALL.replace(head="words_and_next"),
}


def of_the_definition(weights, row, blocks=2, heads=2):
    """All that any head tells of one text, by output, in float64, of its tokens alone; the heads in `weights`."""

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * weights[f"{name}/gamma"] + weights[f"{name}/beta"]

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    def gelu(x):
        return x * (1 + scipy.special.erf(x / np.sqrt(2))) / 2

    def attention(q, k, v):
        return scipy.special.softmax(q @ k.T / np.sqrt(q.shape[1]), axis=1) @ v

    tokens, segments = (X[name][row, : LENGTHS[row]] for name in ("token_ids", "segment_ids"))
    table = weights["embedding/embeddings"]
    x = table[tokens] + weights["embedding_segments/embeddings"][segments]
    x = norm(x + weights["embedding_positions/positions"][: len(tokens)], "embedding_norm")
    for stage in (f"stage{index + 1}" for index in range(blocks)):
        keys, values = np.split(dense(x, f"{stage}_keys_values"), 2, axis=1)
        parts = [np.split(part, heads, axis=1) for part in (dense(x, f"{stage}_queries"), keys, values)]
        mixed = np.concatenate([attention(*one) for one in zip(*parts, strict=True)], 1)
        x = norm(x + dense(mixed, f"{stage}_mixed"), f"{stage}_norm1")
        x = norm(x + dense(gelu(dense(x, f"{stage}_dense1")), f"{stage}_dense2"), f"{stage}_norm2")
    found = {"tokens": x}
    if "pooler/kernel" in weights:
        found["pooled"] = np.tanh(dense(x[0], "pooler"))
    if "head_dense/kernel" in weights:
        found["words"] = norm(gelu(dense(x, "head_dense")), "head_norm") @ table.T + weights["head_bias/bias"]
    for name, of in (("next", "pooled"), ("start", "tokens"), ("end", "tokens")):
        if f"head_{name}/kernel" in weights:
            found[name] = np.squeeze(dense(found[of], f"head_{name}"), axis=-1 if name != "next" else ())
    if "head/kernel" in weights:
        found |= {"text": dense(found["pooled"], "head")} if "pooled" in found else {"classes": dense(x, "head")}
    return found


ALONE = {"text": "text", "tokens": "classes", "words": "words"}


@pytest.mark.parametrize("name", HEADS)
def test_outputs_are_those_of_the_definition(name):
    model = HEADS[name].build()
    weights = random_weights(model)
    outputs = model(X)
    outputs = outputs if isinstance(outputs, dict) else {ALONE[name]: outputs}
    for row in range(3):
        expected = of_the_definition(weights, row)
        for key, values in outputs.items():
            found, wanted = values[row].numpy(), expected[key]
            if found.shape[0] == 6:
                found = found[: LENGTHS[row]]
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * np.abs(wanted).max(), err_msg=key)


@pytest.mark.parametrize("xla", [False, True])
def test_what_stands_at_pads_changes_nothing(xla):
    model = HEADS["words_and_next"].build()
    random_weights(model)
    call = tf.function(model, jit_compile=xla)
    before = call(X)
    other = np.where(X["padding_mask"], X["token_ids"], (X["token_ids"] + 3) % 11).astype("int32")
    after = call({**X, "token_ids": other})
    np.testing.assert_array_equal(after["next"], before["next"])
    for row, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(after["words"][row, :length], before["words"][row, :length])


def test_every_token_sees_all_others_and_the_segments_count():
    model = HEADS["words"].build()
    random_weights(model)
    before = model(X).numpy()[0]
    for place in range(6):
        tokens = X["token_ids"].copy()
        tokens[0, place] = tokens[0, place] % 10 + 1
        assert np.all(np.any(model({**X, "token_ids": tokens}).numpy()[0] != before, axis=-1))
    assert np.any(model({**X, "segment_ids": 1 - X["segment_ids"]}).numpy()[0] != before)


@pytest.mark.parametrize("name", HEADS)
def test_every_weight_has_a_gradient(name):
    model = HEADS[name].build()
    random_weights(model)
    with tf.GradientTape() as tape:
        loss = sum(keras.ops.mean(keras.ops.square(one - 1)) for one in keras.tree.flatten(model(X)))
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.any(tf.convert_to_tensor(gradient)), variable.path


@pytest.mark.parametrize(
    ("name", "without_a_head", "both_heads"),
    [
        ("bert_tiny", 4_385_920, 4_433_468),
        ("bert_base", 109_482_240, 110_106_428),
        ("bert_large", 335_141_888, 336_226_108),
    ],
)
def test_published_sizes(name, without_a_head, both_heads):
    config = keras_dl.get_config(name)
    counts = [keras_dl.describe(config.replace(head=head)).parameters for head in ("text", "words_and_next")]
    assert counts == [without_a_head, both_heads]
    pooler = config.width * (config.width + 1)
    assert keras_dl.describe(config, head="words").parameters == both_heads - pooler - 2 * (config.width + 1)
    assert keras_dl.describe(config, classes=3).parameters == without_a_head + 3 * (config.width + 1)
    assert keras_dl.describe(config, head="tokens", classes=3).parameters == without_a_head - pooler + 3 * (
        config.width + 1
    )
    assert keras_dl.describe(config, head="span").parameters == without_a_head - pooler + 2 * (config.width + 1)


def test_the_multiplications_are_those_of_its_matrices():
    tokens, width = 6, 8
    blocks = 2 * (tokens * 12 * width**2 + 2 * tokens**2 * width)
    assert keras_dl.describe(SMALL).multiply_adds == blocks + width**2
    assert keras_dl.describe(HEADS["words"]).multiply_adds == blocks + tokens * (width**2 + 11 * width)
    with keras.StatelessScope(initialize_variables=False):
        assert describe_model(SMALL.build()) == keras_dl.describe(SMALL)


def test_starting_values_and_dropout():
    model = SMALL.replace(heads=4, head_width=16, vocabulary_size=500, dropout=0.25, classes=3).build()
    weights = {variable.path: variable.numpy() for variable in model.weights if "seed" not in variable.path}
    drawn = [path for path, values in weights.items() if values.ndim > 1]
    assert len(drawn) == 3 + 2 * 5 + 2
    for path in drawn:
        assert 0.01 < weights[path].std() < 0.02 and np.abs(weights[path]).max() <= 0.04, path
    assert not np.array_equal(weights["stage1_mixed/kernel"], weights["stage2_mixed/kernel"])
    names = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    branches = [f"stage{stage}_dropout{part}" for stage in (1, 2) for part in (1, 2)]
    assert names == ["embedding_dropout", *branches, "head_dropout"]
    assert model.get_layer("stage2_attention").dropout == 0.25


def test_what_is_no_text_is_refused():
    spec = Spec.labelled(name="digits", kind="image", shape=(8, 8, 1), classes=10)
    with pytest.raises(keras_dl.UsageError, match="bert takes texts, digits is image"):
        SMALL.for_data(spec)
    with pytest.raises(keras_dl.UsageError, match="unknown head 'sentence'"):
        SMALL.replace(head="sentence")
    with pytest.raises(keras_dl.UsageError, match="classes must be at least 1, got 0"):
        SMALL.replace(classes=0)


def test_commands_train_it_as_such_networks_are_trained():
    from keras_dl.cli.commands import _default
    from keras_dl.recipes.train import Train

    found = _default(Train, "bert_tiny", None)
    assert (found.learning_rate, found.schedule, found.task.name) == (3e-4, "cosine", "classification")
    assert (Train().learning_rate, Train().schedule) == (1e-3, "constant")
