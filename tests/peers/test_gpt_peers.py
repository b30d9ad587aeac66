"""GPT against transformers' GPT2LMHeadModel: the same outputs, and the same gradients of one step."""

import numpy as np
import pytest
from peers import randomise, relative_error

import keras_dl

CONFIG = keras_dl.get_config("gpt2_small", blocks=3, heads=4, head_width=8, length=12, vocabulary_size=50, dropout=0.0)
TOKENS = np.random.default_rng(0).integers(0, 50, (4, 12)).astype("int32")
OUTSIDE = {"embedding": "wte", "embedding_positions": "wpe", "stage3_norm": "ln_f"}
IN_A_BLOCK = {
    "norm1": "ln_1",
    "queries_keys_values": "attn.c_attn",
    "mixed": "attn.c_proj",
    "norm2": "ln_2",
    "dense1": "mlp.c_fc",
    "dense2": "mlp.c_proj",
}
PARAMETERS = {"gamma": "weight", "kernel": "weight", "embeddings": "weight", "positions": "weight"}


def their_name(path):
    """What transformers calls the variable of ours with this path."""
    layer, _, parameter = path.partition("/")
    parameter = PARAMETERS.get(parameter, "bias")
    if layer in OUTSIDE:
        return f"transformer.{OUTSIDE[layer]}.{parameter}"
    stage, _, part = layer.partition("_")
    return f"transformer.h.{int(stage.removeprefix('stage')) - 1}.{IN_A_BLOCK[part]}.{parameter}"


@pytest.fixture(scope="module")
def both(torchvision):
    """Our network and theirs with the same weights, ours laid out as theirs: no kernel is turned."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    ours = randomise(CONFIG.build())
    settings = {"n_layer": 3, "n_head": 4, "n_embd": 32, "n_positions": 12, "vocab_size": 50}
    none = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    theirs = transformers.GPT2LMHeadModel(transformers.GPT2Config(**settings, **none)).eval()
    named = dict(theirs.named_parameters())
    for variable in ours.weights:
        named.pop(their_name(variable.path)).data.copy_(torch.from_numpy(variable.numpy()))
    assert not named
    return ours, theirs


def test_outputs_are_equal(both):
    import torch

    ours, theirs = both
    with torch.no_grad():
        expected = theirs(torch.from_numpy(TOKENS).long()).logits.numpy()
    assert relative_error(ours(TOKENS), expected) < 1e-5


def test_gradients_of_a_step_are_equal(both):
    import keras
    import tensorflow as tf
    import torch

    ours, theirs = both
    theirs.zero_grad()
    tokens = torch.from_numpy(TOKENS).long()
    loss = theirs(tokens, labels=tokens).loss  # they shift the labels themselves
    loss.backward()
    with tf.GradientTape() as tape:
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        ours_loss = entropy(TOKENS[:, 1:], ours(TOKENS)[:, :-1])
    assert float(ours_loss) == pytest.approx(loss.item(), rel=1e-6)
    gradients = tape.gradient(ours_loss, [variable.value for variable in ours.trainable_variables])
    named = dict(theirs.named_parameters())
    for variable, gradient in zip(ours.trainable_variables, gradients, strict=True):
        expected = named[their_name(variable.path)].grad.numpy()
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert np.abs(gradient - expected).max() <= 1e-5 * np.abs(expected).max() + 1e-7, variable.path
        assert np.abs(expected).max() > 1e-6, variable.path
