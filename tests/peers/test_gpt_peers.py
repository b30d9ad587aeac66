"""GPT against transformers' OpenAIGPTLMHeadModel and GPT2LMHeadModel: equal outputs, gradients of a step, texts."""

import numpy as np
import pytest
from peers import randomise, relative_error

import keras_dl
from keras_dl import decoding
from keras_dl.decoding.sampling import drawn

SIZES = {"blocks": 3, "heads": 4, "head_width": 8, "length": 12, "vocabulary_size": 50, "dropout": 0.0}
TOKENS = np.random.default_rng(0).integers(0, 50, (4, 12)).astype("int32")
OUTSIDE = {
    "gpt1": {"embedding": "tokens_embed", "embedding_positions": "positions_embed"},
    "gpt2_small": {"embedding": "wte", "embedding_positions": "wpe", "stage3_norm": "ln_f"},
}
IN_A_BLOCK = {
    "norm1": "ln_1",
    "queries_keys_values": "attn.c_attn",
    "mixed": "attn.c_proj",
    "norm2": "ln_2",
    "dense1": "mlp.c_fc",
    "dense2": "mlp.c_proj",
}
PARAMETERS = {"gamma": "weight", "kernel": "weight", "embeddings": "weight", "positions": "weight"}


def their_name(model, path):
    """What transformers calls the variable of our `model` with this path."""
    layer, _, parameter = path.partition("/")
    parameter = PARAMETERS.get(parameter, "bias")
    outside = OUTSIDE["gpt2_small" if "stage3_norm" in [one.name for one in model.layers] else "gpt1"]
    if layer in outside:
        return f"transformer.{outside[layer]}.{parameter}"
    stage, _, part = layer.partition("_")
    return f"transformer.h.{int(stage.removeprefix('stage')) - 1}.{IN_A_BLOCK[part]}.{parameter}"


@pytest.fixture(scope="module", params=[*OUTSIDE])
def both(request, torchvision):
    """Our network and theirs with the same weights, ours laid out as theirs: no kernel is turned."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    ours = randomise(keras_dl.get_config(request.param, **SIZES).build())
    settings = {"n_layer": 3, "n_head": 4, "n_embd": 32, "n_positions": 12, "vocab_size": 50}
    settings |= dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    theirs = {
        "gpt1": lambda: transformers.OpenAIGPTLMHeadModel(transformers.OpenAIGPTConfig(**settings)),
        "gpt2_small": lambda: transformers.GPT2LMHeadModel(transformers.GPT2Config(**settings)),
    }[request.param]().eval()
    named = dict(theirs.named_parameters())
    for variable in ours.weights:
        named.pop(their_name(ours, variable.path)).data.copy_(torch.from_numpy(variable.numpy()))
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
        expected = named[their_name(ours, variable.path)].grad.numpy()
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert np.abs(gradient - expected).max() <= 1e-5 * np.abs(expected).max() + 1e-7, variable.path
        assert np.abs(expected).max() > 1e-6, variable.path


def test_the_likeliest_texts_are_those_of_generate(both):
    import torch

    ours, theirs = both
    begun = np.where(np.arange(12) < 3, TOKENS, 0).astype("int32")
    prompts, given = torch.from_numpy(TOKENS[:, :3]).long(), np.full(4, 3, "int32")
    settings = {"max_length": 12, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    greedy = decoding.greedy(decoding.causal(ours), begun, given)
    np.testing.assert_array_equal(greedy, theirs.generate(prompts, **settings))
    expected = theirs.generate(prompts, num_beams=5, num_return_sequences=5, length_penalty=0.0, **settings)
    texts, _ = decoding.beam(decoding.causal(ours), begun, given, width=5)
    np.testing.assert_array_equal(texts, expected.reshape(4, 5, 12))
    assert np.any(texts.numpy()[:, 0] != greedy.numpy()), "the beam finds what greedy does not"


@pytest.mark.parametrize(("temperature", "top_k", "top_p"), [(0.7, 10, None), (1.3, None, 0.6), (1.0, 12, 0.8)])
def test_tokens_are_drawn_with_the_probabilities_that_transformers_leaves(temperature, top_k, top_p):
    torch = pytest.importorskip("torch")
    process = pytest.importorskip("transformers.generation.logits_process")
    logits = 2 * np.random.default_rng(0).normal(size=(1, 50)).astype("float32")
    left = torch.from_numpy(logits)
    for kind, value in (("Temperature", temperature), ("TopK", top_k), ("TopP", top_p)):
        if value is not None:
            left = getattr(process, f"{kind}LogitsWarper")(value)(None, left)
    numbers = ((np.arange(20_000) + 0.5) / 20_000).astype("float32")
    tokens = drawn(np.repeat(logits, 20_000, axis=0), numbers, temperature, top_k, top_p)
    shares = np.bincount(tokens, minlength=50) / 20_000
    np.testing.assert_allclose(shares, torch.softmax(left, dim=-1)[0], atol=1e-4)
    assert 1 < np.count_nonzero(shares) < 50
