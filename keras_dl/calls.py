"""The calls of layers that a functional network is made of, one after another."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from keras_dl.lazy import keras

Values = dict[int, Any]
"""tensors by the id of the symbolic ones that they stand for"""


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of a `layer` with `arguments`; without a layer, the output is the input under another name."""

    layer: keras.layers.Layer | None
    arguments: Any
    inputs: tuple[keras.KerasTensor, ...]
    outputs: tuple[keras.KerasTensor, ...]

    def __call__(self, values: Values, **settings: Any) -> None:
        """Put the outputs into `values`; the `settings` are arguments too."""
        if self.layer is None:
            self.put(values, [values[id(x)] for x in self.inputs])
        else:
            positional, named = self.arguments.fill_in(values)
            self.put(values, self.layer(*positional, **{**named, **settings}))

    def put(self, values: Values, found: Any) -> None:
        values |= zip(map(id, self.outputs), keras.tree.flatten(found), strict=True)


def calls(network: keras.Model) -> Iterator[Call]:
    """The calls of layers in `network` in their order; those within a nested model stand between names for its ends."""
    for depth in sorted(network._nodes_by_depth, reverse=True):
        for node in (node for node in network._nodes_by_depth[depth] if not node.is_input):
            layer, inputs, outputs = node.operation, tuple(node.input_tensors), tuple(node.outputs)
            if hasattr(layer, "_nodes_by_depth"):
                yield from map(_renamed, inputs, layer.inputs)
                yield from calls(layer)
                yield from map(_renamed, layer.outputs, outputs)
            else:
                yield Call(layer, node.arguments, inputs, outputs)


def _renamed(one: keras.KerasTensor, other: keras.KerasTensor) -> Call:
    return Call(None, None, (one,), (other,))
