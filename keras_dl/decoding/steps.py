"""A network token by token: what its layers keep of the tokens before is handed from step to step.

Which network can do so is decided by its layers. Most treat each token alone. One that looks at others says how it goes
on: `memory(input_shape, batch, length)` is what it keeps before the first token, arrays whose first axis is the batch,
and `step(x, place, memory)` gives what `call` gives for the tokens `x` (batch, n, width) from `place` on, and the
memory with them in it. A layer added later takes part by having both.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from keras_dl.calls import Call, Values, calls
from keras_dl.lazy import keras, layers

ops = keras.ops

CHUNK = 16
"""tokens of a text begun that are read at once"""
Memory = tuple[Any, ...]
"""what each layer that looks at other tokens has kept, in the order of their calls"""


@dataclasses.dataclass(frozen=True)
class Steps:
    """`network` for the tokens of its input called `name`, (batch, length), in steps of some of them."""

    network: keras.Model
    name: str
    before: tuple[Call, ...]
    """what does not depend on the tokens"""
    calls: tuple[Call, ...]
    """what does"""

    @classmethod
    def of(cls, network: keras.Model, name: str) -> Steps | None:
        """None if a layer that the tokens reach mixes them, and does not say how it goes on."""
        every = [*calls(network)]
        produced = [id(x) for call in every for x in call.outputs]
        reached, before, after = {id(x) for x in network.inputs if x.name == name}, [], []
        for call in every:
            reaching = [id(x) in reached for x in call.inputs]
            if any(reaching) and not _goes_on(call.layer, reaching):
                return None
            (after if any(reaching) else before).append(call)
            reached |= {id(x) for x in call.outputs} if any(reaching) else set()
        whole = len(produced) == len(set(produced)) and isinstance(network.output, keras.KerasTensor)
        return cls(network, name, tuple(before), tuple(after)) if whole else None

    @property
    def length(self) -> int:
        """Most tokens."""
        return next(x.shape[1] for x in self.network.inputs if x.name == self.name)

    def given(self, inputs: dict[str, Any]) -> Values:
        """What follows from the other `inputs` by name, whatever the tokens are."""
        values = {id(x): inputs[x.name] for x in self.network.inputs if x.name != self.name}
        for call in self.before:
            call(values)
        return values

    def memory(self, batch: int, length: int) -> Memory:
        """What the layers keep before the first of `length` tokens."""
        return tuple(
            call.layer.memory(call.inputs[0].shape, batch, length) for call in self.calls if hasattr(call.layer, "step")
        )

    def step(self, token_ids: Any, place: Any, memory: Memory, given: Values) -> tuple[Any, Memory]:
        """The output for `token_ids` (batch, n) from `place` on, (batch, n, ...), and the memory with them in it."""
        values = {**given, **{id(x): token_ids for x in self.network.inputs if x.name == self.name}}
        left, kept = iter(memory), []
        for call in self.calls:
            if hasattr(call.layer, "step"):
                found, own = call.layer.step(values[id(call.inputs[0])], place, next(left))
                call.put(values, found)
                kept.append(own)
            else:
                call(values)
        return values[id(self.network.output)], tuple(kept)

    def read(self, token_ids: Any, count: Any, length: int, given: Values) -> Memory:
        """The memory with the first `count` of `token_ids` (batch, any) in it, and room for `length` tokens.

        They are read a chunk at a time; what it takes too many at the end is overwritten before it is seen.
        """
        size = min(CHUNK, length)

        def step(place, memory):
            start = ops.minimum(place, length - size)
            chunk = ops.slice(token_ids, (0, start), (token_ids.shape[0], size))
            return place + size, self.step(chunk, start, memory, given)[1]

        start = (ops.zeros((), "int32"), self.memory(token_ids.shape[0], length))
        return ops.while_loop(lambda place, memory: place < count, step, start)[1]


def _goes_on(layer: keras.layers.Layer | None, reaching: list[bool]) -> bool:
    """Whether `layer` can be called with some tokens only, which reach those inputs."""
    kinds = keras.layers
    alone = (kinds.Activation, kinds.Add, kinds.Dense, kinds.Dropout, kinds.Embedding, kinds.Multiply)
    if isinstance(layer, layers.MaskedAttention):
        return reaching == [True, False, False]
    if isinstance(layer, kinds.LayerNormalization | kinds.RMSNormalization):
        return [*keras.tree.flatten(layer.axis)] in ([-1], [2])
    return layer is None or hasattr(layer, "step") or isinstance(layer, alone)
