"""The next token of a text for a source: an encoder that reads it once, and a decoder that takes what that gives."""

from __future__ import annotations

from typing import Any

from keras_dl.decoding.continuing import PAD, NextLogits
from keras_dl.lazy import keras

ops = keras.ops

TARGET = "target_token_ids"


def read(network: keras.Model, source: dict[str, Any]) -> dict[str, Any]:
    """`source` by the names of the inputs of `network`, and what its nested model `encoder` makes of it, by name.

    These are copies, without the masks that Keras hangs on to tensors: decoders take masks as inputs.
    """
    source = keras.tree.map_structure(ops.convert_to_tensor, source)
    made = _called(network, "encoder", source)
    return {**source, **keras.tree.map_structure(ops.copy, made)}


def told(network: keras.Model, given: dict[str, Any], token_ids: Any) -> dict[str, Any]:
    """What the nested model `decoder` of `network` makes of `token_ids` (batch, target_length) and what `read` gave.

    "logits", (batch, target_length, vocabulary_size), and whatever it gives beside them, by name.
    """
    token_ids = ops.convert_to_tensor(token_ids)
    mask = {TARGET.replace("token_ids", "padding_mask"): token_ids != PAD}
    found = _called(network, "decoder", {**given, **mask, TARGET: token_ids})
    found = found if isinstance(found, dict) else {"logits": found}
    if "logits" not in found:
        found["logits"] = network.get_layer("embedding")(found["hidden"], reverse=True)
    return found


def _called(network: keras.Model, name: str, there: dict[str, Any]) -> Any:
    """What the nested model `name` makes of those of `there` that it takes.

    Where one table serves both models it is the layer `embedding` of `network`, and they take vectors for token ids.
    """
    part = network.get_layer(name)
    taken = {}
    for wanted in part.input:
        ids = wanted.replace("vectors", "token_ids")
        taken[wanted] = there[wanted] if wanted in there else network.get_layer("embedding")(there[ids])
    return part(taken, training=False)


def conditional(network: keras.Model, source: dict[str, Any], *, beginnings: int = 1) -> NextLogits:
    """`next_logits` of a `network` of an encoder and a decoder, for sources (batch, ..) by the names of its inputs.

    Texts are one token longer than `target_length`; there are so many `beginnings` of each, one after another.
    """
    given = {name: ops.repeat(one, beginnings, axis=0) for name, one in read(network, source).items()}

    def next_logits(token_ids: Any, place: Any) -> Any:
        return ops.take(told(network, given, token_ids[:, :-1])["logits"], place - 1, axis=1)

    return next_logits
