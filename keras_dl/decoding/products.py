"""The products of one token with the matrices of a network under XLA, with weights of 32 or 8 bits.

A processor writes a token in the time in which it reads all weights. XLA makes one loop, of one thread, of a vector
times a matrix plus a bias; each form here is one that it gives to all threads. Of weights with 8 bits a copy is kept
beside the network, which reads what it is given, more than a token at once, with those of its own.

Weights of bfloat16 gain nothing on processors: XLA has no such product of one token but makes float32 of each number,
and wrote gpt2_small six times slower. Its int8 needs the same; here many rows are added at a time, from a matrix that
seems to change at each token, else XLA keeps float32 of it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from keras_dl.decoding.steps import Steps
from keras_dl.lazy import keras

ops = keras.ops

Weights = Literal["float32", "int8"]
PARTS = 8
"""products that a product of float32 is split into"""
ROWS = 32
"""rows of a matrix of int8 that are added in one go"""

Product = Callable[[Any], Any]
"""from (1, inputs) to (1, outputs), float32"""


@dataclasses.dataclass(frozen=True)
class Quick:
    """Stands for a dense `layer`, or one that turns tokens into logits, and takes a single token by `product`."""

    layer: keras.layers.Layer
    product: Product
    matrix_of: Literal["dense", "table"]

    def __call__(self, x: Any, **arguments: Any) -> Any:
        if math.prod(x.shape[:-1]) != 1 or (self.matrix_of == "table" and not arguments.get("reverse")):
            return self.layer(x, **arguments)
        y = self.product(ops.reshape(ops.cast(x, "float32"), (1, x.shape[-1])))
        y = ops.cast(ops.reshape(y, (*x.shape[:-1], -1)), self.layer.compute_dtype)
        if self.matrix_of == "table":
            return y
        y = y if self.layer.bias is None else y + ops.cast(self.layer.bias, y.dtype)
        return self.layer.activation(y)


def quick(steps: Steps, weights: Weights) -> Steps:
    """`steps` in which single tokens are multiplied by matrices of `weights`; those of 8 bits are made now."""
    made: dict[int, Any] = {}
    for layer in (call.layer for call in steps.calls):
        if id(layer) not in made:
            made[id(layer)] = _quick(layer, weights)
    return dataclasses.replace(
        steps, calls=tuple(dataclasses.replace(call, layer=made[id(call.layer)]) for call in steps.calls)
    )


def _quick(layer: Any, weights: Weights) -> Any:
    """What stands for `layer`, itself where nothing is gained."""
    product = {"float32": split, "int8": rounded}[weights]
    if type(layer) is keras.layers.Dense:
        return Quick(layer, product(lambda: layer.kernel), "dense")
    plain = type(layer) is keras.layers.ReversibleEmbedding and layer.tie_weights and layer.logit_soft_cap is None
    if plain and weights != "float32":
        return Quick(layer, product(lambda: ops.transpose(layer.embeddings)), "table")
    return layer


def split(matrix: Callable[[], Any]) -> Product:
    """By the `matrix` (inputs, outputs) as it is at the time: some of the inputs each, side by side."""

    def product(x: Any) -> Any:
        inputs, outputs = matrix().shape
        parts = math.gcd(inputs, PARTS)
        rows = ops.reshape(matrix(), (parts, inputs // parts, outputs))
        return ops.sum(ops.matmul(ops.reshape(x, (parts, 1, -1)), rows), axis=0)

    return product


def rounded(matrix: Callable[[], Any]) -> Product:
    """By the `matrix` (inputs, outputs) as it is now, each column in 255 steps from its largest number to the least."""
    values = ops.convert_to_numpy(ops.cast(matrix(), "float32"))
    scale = np.maximum(np.abs(values).max(axis=0), np.finfo("float32").tiny) / 127
    rows = math.gcd(len(values), ROWS)
    kept = ops.convert_to_tensor(np.rint(values / scale).astype("int8").reshape(-1, rows, values.shape[1]))
    scale = ops.convert_to_tensor(scale)

    def product(x: Any) -> Any:
        nothing = ops.cast(ops.isnan(x[0, 0]), "int8")
        x = ops.reshape(x, (-1, rows, 1))
        total = sum(ops.cast(kept[:, row] + nothing, "float32") * x[:, row] for row in range(rows))
        return ops.sum(total, axis=0, keepdims=True) * scale

    return product
