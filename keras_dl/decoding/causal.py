"""The next token of a causal network, which reads each token once as long as its window holds the text."""

from __future__ import annotations

from typing import Any

from keras_dl.decoding.continuing import PAD, NextLogits, Remembering
from keras_dl.decoding.products import Weights, quick
from keras_dl.decoding.steps import Steps
from keras_dl.errors import UsageError
from keras_dl.lazy import keras

ops = keras.ops


def causal(network: keras.Model, weights: Weights | None = None) -> NextLogits:
    """`next_logits` of a `network` from `token_ids` (batch, window) to logits (batch, window, vocabulary_size).

    Of what stands before a place the last window is seen. Up to there, layers that know how to go on remember the
    tokens before; from there on, and where a layer does not know it, each window is read anew: all tokens stand at
    other places in it. With `weights` of a type a single text is written faster under XLA: see `products`. Raises
    `UsageError` where these find no use.
    """
    steps = Steps.of(network, network.inputs[0].name)
    if steps is None and weights is not None:
        raise UsageError(f"weights of {weights} are for networks that go on token by token, such as gpt and llama")
    if steps is None:
        return whole_windows(network)
    return _remembered(steps if weights is None else quick(steps, weights))


def whole_windows(network: keras.Model) -> NextLogits:
    """What `causal` gives, but each window is read anew for each token."""
    window = network.input_shape[1]

    def next_logits(token_ids: Any, place: Any) -> Any:
        lacking = max(0, window - token_ids.shape[1])
        token_ids = ops.pad(token_ids, ((0, 0), (0, lacking)), constant_values=PAD)
        start = ops.maximum(place - window, 0)
        seen = ops.slice(token_ids, (0, start), (token_ids.shape[0], window))
        return ops.take(network(seen, training=False), place - 1 - start, axis=1)

    return next_logits


def _remembered(steps: Steps) -> Remembering:
    window, anew = steps.length, whole_windows(steps.network)

    def begin(token_ids: Any, place: Any) -> Any:
        count = ops.where(place > window, 0, place - 1)
        return steps.read(token_ids, count, min(window, token_ids.shape[1]), {})

    def within(token_ids: Any, place: Any, memory: Any) -> tuple[Any, Any]:
        last = ops.slice(token_ids, (0, place - 1), (token_ids.shape[0], 1))
        logits, memory = steps.step(last, place - 1, memory, {})
        return logits[:, 0], memory

    def next_logits(token_ids: Any, place: Any, memory: Any) -> tuple[Any, Any]:
        if token_ids.shape[1] <= window + 1:
            return within(token_ids, place, memory)
        return ops.cond(
            place <= window,
            lambda: within(token_ids, place, memory),
            lambda: (anew(token_ids, place), memory),
        )

    return Remembering(begin, next_logits)
