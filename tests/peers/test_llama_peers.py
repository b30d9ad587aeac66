"""LLaMA against transformers' LlamaForCausalLM: the same outputs and gradients of one step."""

import numpy as np
import pytest
from peers import randomise, relative_error

import keras_dl

CONFIG = keras_dl.get_config(
    "llama_2_70b", blocks=3, heads=4, key_value_heads=2, width=32, length=12, vocabulary_size=50, unit_multiple=8
)
TOKENS = np.random.default_rng(0).integers(0, 50, (4, 12)).astype("int32")
IN_A_BLOCK = {
    "norm1": "input_layernorm",
    "mixed": "self_attn.o_proj",
    "norm2": "post_attention_layernorm",
    "gates": "mlp.gate_proj",
    "dense1": "mlp.up_proj",
    "dense2": "mlp.down_proj",
}
OUTSIDE = {"embedding": "model.embed_tokens", "stage3_norm": "model.norm", "head": "lm_head"}


def their_parts(path):
    """What transformers calls the parts of our variable with this path, and their widths if there are several."""
    layer = path.partition("/")[0]
    if layer in OUTSIDE:
        return {f"{OUTSIDE[layer]}.weight": None}
    stage, _, part = layer.partition("_")
    block = f"model.layers.{int(stage.removeprefix('stage')) - 1}"
    if part == "queries_keys_values":
        return {f"{block}.self_attn.{name}_proj.weight": size for name, size in (("q", 32), ("k", 16), ("v", 16))}
    return {f"{block}.{IN_A_BLOCK[part]}.weight": None}


def ours_of_theirs(path, arrays):
    """Arrays of transformers, in the layout of ours with this path."""
    joined = np.concatenate(arrays)
    return joined.T if path.endswith("kernel") else joined


@pytest.fixture(scope="module")
def both(torchvision):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    ours = randomise(CONFIG.build())
    settings = {"num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 32}
    settings |= {
        "vocab_size": 50,
        "intermediate_size": CONFIG.units,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 12,
    }
    theirs = transformers.LlamaForCausalLM(transformers.LlamaConfig(**settings)).eval()
    named = dict(theirs.named_parameters())
    for variable in ours.weights:
        value, start = variable.numpy(), 0
        value = value.T if variable.path.endswith("kernel") else value
        for name, size in their_parts(variable.path).items():
            part = value[start : start + size] if size else value
            named.pop(name).data.copy_(torch.from_numpy(np.ascontiguousarray(part)))
            start += size or 0
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
        parts = [named[name].grad.numpy() for name in their_parts(variable.path)]
        expected = ours_of_theirs(variable.path, parts)
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert np.abs(gradient - expected).max() <= 1e-5 * np.abs(expected).max() + 1e-7, variable.path
        assert np.abs(expected).max() > 1e-6, variable.path
