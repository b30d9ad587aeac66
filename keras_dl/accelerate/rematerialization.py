"""Stages whose activations are computed again for the gradients instead of being kept."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from keras_dl import surgery
from keras_dl.calls import Call, Values, calls
from keras_dl.lazy import keras


def rematerialize_stages(network: keras.Model) -> None:
    """From now on `network`, while it trains, keeps only what enters and leaves each of its stages.

    What lies within is computed a second time for the gradients, about a third more work. A layer that draws random
    numbers or measures statistics runs once and its output is kept, so the gradients are those of a network that keeps
    everything. So do the models within it. A model that is not functional, or in which a layer makes a mask for those
    after it, which would not see it, stays as it is.

    Chen, Xu, Zhang & Guestrin 2016, "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174, section 4.
    """
    for model in network._flatten_layers():
        if hasattr(model, "_nodes_by_depth") and not any(_masks(call.layer) for call in calls(model)):
            model.call = _in_parts(model)


def _masks(layer: keras.layers.Layer | None) -> bool:
    return isinstance(layer, keras.layers.Masking) or getattr(layer, "mask_zero", False)


def _in_parts(network: keras.Model) -> Callable[..., Any]:
    """The `call` of `network` by parts."""
    every = [*calls(network)]
    parts = [Part.of([*part], network, every) for _, part in itertools.groupby(every, _stage)]
    whole = network.call

    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not training:
            return whole(inputs, training=training, mask=mask)
        given = zip(network.inputs, network._standardize_inputs(inputs), strict=True)
        values = {id(symbol): x for symbol, x in given}
        for part in parts:
            part(values)
        return keras.tree.map_structure(lambda x: values[id(x)], network._outputs_struct)

    return call


@dataclasses.dataclass(frozen=True)
class Part:
    """Calls that follow each other, what they take from before, `entering`, and what is taken of theirs, `leaving`."""

    calls: list[Call]
    entering: list[int]
    leaving: list[int]

    @classmethod
    def of(cls, part: list[Call], network: keras.Model, every: list[Call]) -> Part:
        made = _unique(x for call in part for x in call.outputs)
        others = (x for call in every if call not in part for x in call.inputs)
        taken = {*_unique(others), *_unique(network.outputs)}
        entering = _unique(x for call in part for x in call.inputs)
        return cls(part, [x for x in entering if x not in made], [x for x in made if x in taken])

    def __call__(self, values: Values) -> None:
        """Put into `values` what leaves it; of several calls the gradients keep nothing else."""
        taken = {x: values[x] for x in self.entering}
        numbers = {x: tensor for x, tensor in taken.items() if keras.backend.is_float_dtype(tensor.dtype)}

        def run(*given: Any) -> list[Any]:
            inner = taken | dict(zip(numbers, given, strict=True))
            for call in self.calls:
                told = call.layer is not None and "training" in inspect.signature(call.layer.call).parameters
                call(inner, **({"training": True} if told else {}))
            return [inner[x] for x in self.leaving]

        run = run if len(self.calls) == 1 else keras.remat(run)
        values |= zip(self.leaving, run(*numbers.values()), strict=True)


def _unique(tensors: Iterable[keras.KerasTensor]) -> list[int]:
    return [*dict.fromkeys(map(id, tensors))]


def _stage(call: Call) -> str | int:
    """What the calls of one part have in common: the stage of their layers, or nothing with any other."""
    layer = call.layer
    if not isinstance(layer, keras.layers.Layer) or len(layer.variables) > len(layer.weights):
        return id(call)
    measures = layer.trainable and layer.non_trainable_weights
    return id(call) if measures or layer.activity_regularizer else surgery.stage_of(layer)
