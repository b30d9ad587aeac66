"""The size of any network, without allocating one of its weights."""

from __future__ import annotations

import collections
import dataclasses
import functools
import math
import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from keras_dl.catalogue import get_config
from keras_dl.catalogue.counts import count
from keras_dl.catalogue.sketch import sketch
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras


@dataclasses.dataclass(frozen=True)
class LayerDescription:
    """One layer: its name, class, output shape (without the batch) and sizes for one input."""

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int
    trainable_parameters: int
    multiply_adds: int
    links: int
    weight_bytes: int
    activation_bytes: int


@dataclasses.dataclass(frozen=True)
class Description:
    """The sizes of a network, for one input."""

    layers: tuple[LayerDescription, ...]

    def _total(self, field: str) -> int:
        return sum(getattr(layer, field) for layer in self.layers)

    @property
    def parameters(self) -> int:
        """All weights, statistics of batch normalisation included."""
        return self._total("parameters")

    @property
    def trainable_parameters(self) -> int:
        return self._total("trainable_parameters")

    @property
    def multiply_adds(self) -> int:
        """Multiplications by a kernel's weights, and in attention those of queries by keys and of weights by values.

        Biases, activations and normalisations are left out.
        """
        return self._total("multiply_adds")

    @property
    def links(self) -> int:
        """LeCun's connections: every use of a weight by a unit counts, biases included."""
        return self._total("links")

    @property
    def weight_bytes(self) -> int:
        return self._total("weight_bytes")

    @property
    def activation_bytes(self) -> int:
        """Memory of all layers' outputs, as a training step keeps them."""
        return self._total("activation_bytes")


def describe(name: str | Config, **changes) -> Description:
    """Describe the network called `name` (or a config), with some fields changed.

    No weight is allocated, no seed is drawn. Raises `UsageError` as `get_config` does, before Keras is imported.
    """
    return _describe(get_config(name, **changes))


def check_fits(config: Config) -> None:
    """Raise `UsageError` if the weights of `config` alone are more than the memory of this machine."""
    needed, there = describe(config).weight_bytes, _memory()
    if needed > there:
        raise UsageError(
            f"this {config.family} has {needed / 1e9:,.1f} GB of weights, this machine {there / 1e9:,.1f} GB of memory"
        )


def _memory() -> int:
    """Bytes of memory that this process may have at most: the machine's, or its container's."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text(encoding="ascii").strip() if limit.is_file() else "max"
    return min(physical, int(text)) if text.isdecimal() else physical


@functools.lru_cache(maxsize=256)
def _describe(config: Config) -> Description:
    before = random.getstate()  # Keras draws a seed for every initializer
    try:
        return _described(config)
    finally:
        random.setstate(before)


def _described(config: Config) -> Description:
    try:
        return Description(tuple(_all_calls(name, calls) for name, calls in sketch(config, _describe_layer)))
    except UsageError:
        raise
    except Exception:  # the network itself has the last word
        with keras.StatelessScope(initialize_variables=False):
            return describe_model(config.build())


def describe_model(model: keras.Model) -> Description:
    """Describe the functional `model`; layers of a model within it are called like "generator/stage1_dense"."""
    return Description(tuple(_layers(model, [model.inputs])))


Call = tuple[Sequence[Any], Sequence[Any]]
"""the tensors that a layer gets and those that it gives"""


def _layers(
    model: keras.Model, given: Sequence[Sequence[keras.KerasTensor]], within: str = ""
) -> Iterator[LayerDescription]:
    """Each layer in `model`, which is called once with each of `given`."""
    calls = collections.defaultdict(list)
    for inputs in given:
        for layer, call in _calls(getattr(model, "_functional", model), inputs):
            calls[layer].append(call)
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer, [inputs for inputs, _ in calls[layer]], f"{within}{layer.name}/")
        elif not (within and isinstance(layer, keras.layers.InputLayer)):
            yield dataclasses.replace(_describe_calls(layer, calls[layer]), name=within + layer.name)


def _calls(model: keras.Model, inputs: Sequence[keras.KerasTensor]) -> list[tuple[keras.Operation, Call]]:
    """Each call of a layer in `model`, called with `inputs`, whose shapes may be known where the model's are open."""
    if [x.shape for x in inputs] == [x.shape for x in model.inputs]:
        nodes = [node for depth in sorted(model._nodes_by_depth, reverse=True) for node in model._nodes_by_depth[depth]]
        return [(node.operation, (node.input_tensors, node.outputs)) for node in nodes]
    found = []

    def noted(layer):
        def call(*arguments, **options):
            outputs = layer.compute_output_spec(*arguments, **options)
            tensors = [x for x in keras.tree.flatten((arguments, options)) if isinstance(x, keras.KerasTensor)]
            found.append((layer, (tensors, keras.tree.flatten(outputs))))
            return outputs

        return call

    model._run_through_graph(inputs, operation_fn=noted)
    return found


def _all_calls(name: str, calls: list[LayerDescription]) -> LayerDescription:
    """One layer from what each of its calls alone would be."""
    sums = {field: sum(getattr(call, field) for call in calls) for field in ("multiply_adds", "links")}
    return dataclasses.replace(
        calls[0],
        name=name,
        output_shape=calls[-1].output_shape,
        activation_bytes=sum(call.activation_bytes for call in calls),
        **sums,
    )


def _describe_layer(layer) -> LayerDescription:
    """Sum over all calls of `layer`, counting its weights once."""
    return _describe_calls(layer, [(node.input_tensors, node.outputs) for node in layer._inbound_nodes])


def _describe_calls(layer, calls: Sequence[Call]) -> LayerDescription:
    outputs = [tensor for _, tensors in calls for tensor in tensors]
    uses = [count(layer, inputs, tensors[0]) for inputs, tensors in calls]
    return LayerDescription(
        name=layer.name,
        kind=type(layer).__name__,
        output_shape=tuple(outputs[-1].shape[1:]),
        parameters=sum(math.prod(w.shape) for w in layer.weights),
        trainable_parameters=sum(math.prod(w.shape) for w in layer.trainable_weights),
        multiply_adds=sum(multiply_adds for multiply_adds, _ in uses),
        links=sum(links for _, links in uses),
        weight_bytes=sum(math.prod(w.shape) * _bytes(w.dtype) for w in layer.weights),
        activation_bytes=sum(
            math.prod(size or 1 for size in tensor.shape[1:]) * _bytes(tensor.dtype) for tensor in outputs
        ),
    )


def _bytes(dtype: str) -> int:
    return 1 if dtype == "bool" else int(re.sub(r"\D", "", dtype.partition("_")[0])) // 8
