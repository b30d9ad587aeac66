"""How a call of a layer is counted: its multiply-adds and its links, by the class of the layer.

A multiply-add is a multiplication by a weight of a kernel, or in attention of a query by a key and of a share by a
value. Links are LeCun's connections: every use of a weight by a unit, biases included. A layer of keras_dl may say both
itself, by `multiply_adds(output_shape)` and `links(output_shape)`. Axes of unknown length count as 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

Counted = tuple[int, int]


def count(layer: Any, inputs: Sequence[Any], output: Any) -> Counted:
    """The multiply-adds and links of one call of `layer`, from tensors `inputs` to the first of its outputs.

    A class that `COUNTS` does not know counts as a kernel used at each position of the output.
    """
    shape = output.shape[1:]
    if hasattr(layer, "links"):
        return layer.multiply_adds(shape), layer.links(shape)
    return (_rule(layer) or _at_outputs)(layer, inputs, output)


def is_known(layer: Any) -> bool:
    """Whether it is certain how `layer` counts: by its own methods, by `COUNTS`, or as it has no weights.

    Of a model as a layer, whether it is of all its layers.
    """
    if inner := getattr(layer, "layers", ()):
        return all(map(is_known, inner))
    return not layer.weights or hasattr(layer, "links") or _rule(layer) is not None


def _rule(layer: Any) -> Callable[[Any, Sequence[Any], Any], Counted] | None:
    return next((COUNTS[kind.__name__] for kind in type(layer).__mro__ if kind.__name__ in COUNTS), None)


def _nothing(layer, inputs, output) -> Counted:
    """Normalisations and scales: a number or two a unit, which the literature leaves out."""
    return 0, 0


def _at_outputs(layer, inputs, output) -> Counted:
    """Each kernel once at every position of the output, and a bias once by every unit."""
    return _at(_positions(output), layer, output)


def _at_inputs(layer, inputs, output) -> Counted:
    """A transposed convolution: its kernel once at every position of the input."""
    return _at(_positions(inputs[0]), layer, output)


def _at(positions: int, layer, output) -> Counted:
    multiply_adds = positions * sum(math.prod(weight.shape) for weight in layer.weights if len(weight.shape) > 1)
    biased = any(weight.name == "bias" for weight in layer.weights)
    return multiply_adds, multiply_adds + biased * _size(output.shape[1:])


def _einsum(layer, inputs, output) -> Counted:
    """Every output is a sum over the axes of the kernel that it does not keep."""
    _, kernel, kept = layer.equation.replace("->", ",").split(",")
    terms = math.prod(size for letter, size in zip(kernel, layer.kernel.shape, strict=True) if letter not in kept)
    units = _size(output.shape[1:])
    return terms * units, (terms + (layer.bias is not None)) * units


def _lookup(layer, inputs, output) -> Counted:
    """An embedding multiplies nothing; every number that comes out is a weight."""
    return 0, _size(output.shape[1:])


def _lookup_or_back(layer, inputs, output) -> Counted:
    """An embedding, or the product of vectors with its table."""
    if len(output.shape) > len(inputs[0].shape):
        return _lookup(layer, inputs, output)
    products = _positions(output) * layer.input_dim * layer.output_dim
    return products, products


def _recurrent(layer, inputs, output) -> Counted:
    """Both kernels of every gate, and the biases, at every time step of the input, (batch, steps, features)."""
    steps = inputs[0].shape[1] or 1
    cell = layer.cell
    kernels = math.prod(cell.kernel.shape) + math.prod(cell.recurrent_kernel.shape)
    biases = math.prod(cell.bias.shape) if cell.use_bias else 0
    return steps * kernels, steps * (kernels + biases)


def _both_ways(layer, inputs, output) -> Counted:
    ways = [_recurrent(inner, inputs, output) for inner in (layer.forward_layer, layer.backward_layer)]
    return tuple(map(sum, zip(*ways, strict=True)))


def _attention(layer, inputs, output) -> Counted:
    """Every projection at each of its positions; the products of all queries with all keys are no links."""
    dense = (layer.query_dense, layer.key_dense, layer.value_dense, layer.output_dense)
    return _attends(dense, inputs, layer.num_heads * (layer.key_dim + layer.value_dim))


def _grouped_attention(layer, inputs, output) -> Counted:
    """The same where several heads share their keys and values."""
    dense = (layer._query_dense, layer._key_dense, layer._value_dense, layer._output_dense)
    return _attends(dense, inputs, layer.num_query_heads * 2 * layer.head_dim)


def _attends(dense, inputs, a_pair: int) -> Counted:
    queries, values = _positions(inputs[0]), _positions(inputs[1])
    places = (queries, values, values, queries)
    multiply_adds = sum(math.prod(inner.kernel.shape) * place for inner, place in zip(dense, places, strict=True))
    weights = [sum(math.prod(weight.shape) for weight in inner.weights) for inner in dense]
    links = sum(weight * place for weight, place in zip(weights, places, strict=True))
    return multiply_adds + queries * values * a_pair, links


def _mixes(layer, inputs, output) -> Counted:
    """Attention alone, without projections: all queries by all keys and the attention by the values."""
    return 2 * _positions(inputs[0]) * _positions(inputs[1]) * output.shape[-1], 0


COUNTS: dict[str, Callable[[Any, Sequence[Any], Any], Counted]] = {
    **dict.fromkeys(
        ("Dense", "BaseConv", "BaseDepthwiseConv", "BaseSeparableConv", "UnitThresholds"),
        _at_outputs,
    ),
    "BaseConvTranspose": _at_inputs,
    "EinsumDense": _einsum,
    "Embedding": _lookup,
    "ReversibleEmbedding": _lookup_or_back,
    **dict.fromkeys(("SimpleRNN", "GRU", "LSTM"), _recurrent),
    "Bidirectional": _both_ways,
    "MultiHeadAttention": _attention,
    "GroupedQueryAttention": _grouped_attention,
    "MaskedAttention": _mixes,
    **dict.fromkeys(
        (
            "BatchNormalization",
            "GroupNormalization",
            "LayerNormalization",
            "RMSNormalization",
            "Normalization",
            "StoredNormalization",
            "PReLU",
        ),
        _nothing,
    ),
}
"""by the name of a class, which its subclasses share unless they have a rule of their own"""


def _positions(tensor) -> int:
    """Positions of a map or a sequence: all axes but the batch and the last."""
    return _size(tensor.shape[1:-1])


def _size(shape) -> int:
    return math.prod(size or 1 for size in shape)
