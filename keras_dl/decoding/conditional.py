"""The next token of a text for a source: an encoder that reads it once, and a decoder that takes what that gives."""

from __future__ import annotations

from typing import Any

from keras_dl.decoding.continuing import PAD, NextLogits, Remembering
from keras_dl.decoding.steps import Steps
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

    Texts are one token longer than `target_length`; there are so many `beginnings` of each, one after another. Where
    the layers of the decoder know how to go on, they remember the tokens before.
    """
    steps = Steps.of(network, TARGET)
    if steps is None:
        given = _each(read(network, source), beginnings)
        return lambda ids, place: ops.take(told(network, given, ids[:, :-1])["logits"], place - 1, axis=1)
    given = _each(steps.given(keras.tree.map_structure(ops.convert_to_tensor, source)), beginnings)

    def begin(token_ids: Any, place: Any) -> Any:
        return steps.read(token_ids, place - 1, token_ids.shape[1] - 1, given)

    def next_logits(token_ids: Any, place: Any, memory: Any) -> tuple[Any, Any]:
        last = ops.slice(token_ids, (0, place - 1), (token_ids.shape[0], 1))
        logits, memory = steps.step(last, place - 1, memory, given)
        return logits[:, 0], memory

    return Remembering(begin, next_logits)


def _each(given: dict[Any, Any], times: int) -> dict[Any, Any]:
    """Each row of the tensors so many times, one after another."""
    return {name: ops.repeat(one, times, axis=0) for name, one in given.items()}
