"""The Transformer against torch.nn.Transformer, between our table and its waves: outputs and gradients of a step."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from peers import randomise, relative_error

import keras_dl

WIDTH = 8
SIZES = {"vocabulary_size": 20, "source_length": 7, "target_length": 6, "heads": 2, "units": 12, "blocks": 2}
CONFIG = keras_dl.get_config("transformer_base", **SIZES, width=WIDTH, dropout=0.0)
GENERATOR = np.random.default_rng(0)
LENGTHS = np.array([7, 5, 2])
X = {
    "source_token_ids": GENERATOR.integers(1, 20, (3, 7)).astype("int32"),
    "source_padding_mask": np.arange(7) < LENGTHS[:, None],
    "target_token_ids": GENERATOR.integers(1, 20, (3, 6)).astype("int32"),
}
LABELS = GENERATOR.integers(1, 20, (3, 6))
PARAMETERS = {"gamma": "weight", "kernel": "weight", "beta": "bias", "bias": "bias"}


def their_place(path):
    """What torch calls our variable with this path, which rows of it are ours, and whether it is turned."""
    layer, _, parameter = path.partition("/")
    name, _, part = layer.partition("_")
    side = name[:7]
    block = f"{side}.layers.{int(name[7:]) - 1}"
    other = "self_attn" if side == "encoder" else "multihead_attn"
    rows = {"queries": (other, 0, WIDTH), "keys_values": (other, WIDTH, 3 * WIDTH)}
    rows["queries_keys_values"] = ("self_attn", 0, 3 * WIDTH)
    if part in rows:
        attention, start, end = rows[part]
        return f"{block}.{attention}.in_proj_{PARAMETERS[parameter]}", slice(start, end)
    parts = {"mixed": f"{other}.out_proj", "self_mixed": "self_attn.out_proj", "dense1": "linear1", "dense2": "linear2"}
    return f"{block}.{parts.get(part, part)}.{PARAMETERS[parameter]}", slice(None)


def test_torch_gives_the_same_outputs_and_gradients():
    torch = pytest.importorskip("torch")
    ours = randomise(CONFIG.build())
    theirs = torch.nn.Transformer(WIDTH, 2, 2, 2, 12, dropout=0.0, batch_first=True, layer_norm_eps=1e-6).eval()
    theirs.encoder.norm = theirs.decoder.norm = None
    named = dict(theirs.named_parameters())
    table = torch.tensor(ours.get_layer("embedding").get_weights()[0], requires_grad=True)
    for variable in ours.weights:
        if not variable.path.startswith("embedding"):
            name, rows = their_place(variable.path)
            named[name].data[rows] = torch.from_numpy(variable.numpy().T)

    def embedded(tokens):
        places = torch.arange(tokens.shape[1])[:, None] / 10000 ** (torch.arange(0, WIDTH, 2) / WIDTH)
        waves = torch.stack([places.sin(), places.cos()], dim=-1).reshape(tokens.shape[1], WIDTH)
        return table[torch.from_numpy(tokens).long()] * WIDTH**0.5 + waves

    hidden = torch.from_numpy(~X["source_padding_mask"])
    logits = (
        theirs(
            *(embedded(X[f"{side}_token_ids"]) for side in ("source", "target")),
            tgt_mask=theirs.generate_square_subsequent_mask(6),
            src_key_padding_mask=hidden,
            memory_key_padding_mask=hidden,
        )
        @ table.T
    )
    assert relative_error(ours(X), logits.detach().numpy()) < 1e-5
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(LABELS).flatten())
    loss.backward()
    with tf.GradientTape() as tape:
        ours_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, ours(X))
    gradients = tape.gradient(ours_loss, [variable.value for variable in ours.trainable_variables])
    for variable, gradient in zip(ours.trainable_variables, gradients, strict=True):
        if variable.path.startswith("embedding"):
            expected = table.grad.numpy()
        else:
            name, rows = their_place(variable.path)
            expected = named[name].grad[rows].numpy().T
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert np.abs(gradient - expected).max() <= 1e-5 * np.abs(expected).max() + 1e-6, variable.path
