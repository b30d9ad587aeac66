"""Tokens drawn by their probabilities, the unlikely ones left out if so wished."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from keras_dl.decoding.continuing import Choose, NextLogits, continued
from keras_dl.fields import Count, Positive, Seed, checked, up_to
from keras_dl.lazy import keras

ops = keras.ops


def uniform_numbers(seed: int, batch: int, length: int) -> np.ndarray:
    """Numbers 0 <= x < 1 for `sampling`, (batch, length) float32, the same for a `seed` on any backend."""
    return np.random.default_rng(checked("seed", seed, Seed)).random((batch, length), "float32")


def sampling(
    next_logits: NextLogits,
    token_ids: Any,
    given: Any,
    numbers: Any,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    end: int | None = None,
) -> Any:
    """`token_ids` (batch, length) int32, the first `given` (batch,) kept and the others drawn by `uniform_numbers`.

    `drawing` says how. Raises `UsageError` as it does.
    """
    choose = drawing(numbers, temperature=temperature, top_k=top_k, top_p=top_p)
    return continued(next_logits, token_ids, given, choose, end)


def drawing(numbers: Any, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None) -> Choose:
    """How a token is drawn by `uniform_numbers`, (batch, length), of which each place has its own.

    Logits are divided by the `temperature`. Then only the `top_k` likeliest tokens can be drawn, and of these only the
    fewest of the likeliest that together have at least the share `top_p` (Holtzman et al. 2020, "The Curious Case of
    Neural Text Degeneration", ICLR). Raises `UsageError` for values that none of them takes.
    """
    temperature = checked("temperature", temperature, Positive)
    top_k = checked("top_k", top_k, Count | None)
    top_p = checked("top_p", top_p, Annotated[float, up_to(1)] | None)

    def choose(logits, place):
        return drawn(logits, ops.take(numbers, place, axis=1), temperature, top_k, top_p)

    return choose


def drawn(logits: Any, numbers: Any, temperature: float, top_k: int | None, top_p: float | None) -> Any:
    """The token of each row of `logits` (batch, vocabulary_size) on which its number falls: ids (batch,).

    The tokens lie side by side on the way from 0 to 1, the likeliest first, each as long as it is likely.
    """
    size = logits.shape[-1]
    logits, order = ops.top_k(ops.cast(logits, "float32") / temperature, min(top_k or size, size))
    shares = ops.softmax(logits)
    if top_p is not None:
        shares = ops.where(ops.cumsum(shares, axis=-1) - shares < top_p, shares, 0)
    ends = ops.cumsum(shares, axis=-1)
    rank = ops.sum(ends <= ops.expand_dims(numbers, -1) * ends[:, -1:], axis=-1, keepdims=True)
    rank = ops.minimum(rank, ops.sum(shares > 0, axis=-1, keepdims=True) - 1)
    return ops.squeeze(ops.take_along_axis(order, rank, axis=-1), -1)
