"""The size of any network, without allocating one of its weights."""

from __future__ import annotations

import dataclasses
import functools
import math
import re

from keras_dl.catalogue import get_config
from keras_dl.config import Config
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
        """Multiplications by a kernel's weights; biases, activations and normalisations are left out."""
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
    """Describe the network called `name` (or a config), with some fields changed; no weight is allocated.

    Raises `UsageError` as `get_config` does, before Keras is imported.
    """
    return _describe(get_config(name, **changes))


@functools.lru_cache(maxsize=256)
def _describe(config: Config) -> Description:
    with keras.StatelessScope(initialize_variables=False):
        model = config.build()
    return Description(tuple(_describe_layer(layer) for layer in model.layers))


def _describe_layer(layer) -> LayerDescription:
    """Sum over the calls of `layer`, counting its weights once.

    A layer may say its own `multiply_adds(output_shape)` and `links(output_shape)`; for the others every weight with
    two axes or more is a kernel used once at each position of the output, and a vector called bias once by each unit.
    """
    outputs = [tensor for node in layer._inbound_nodes for tensor in node.outputs]
    sizes = [math.prod(size or 1 for size in tensor.shape[1:]) for tensor in outputs]
    multiply_adds = links = 0
    for tensor, size in zip(outputs, sizes, strict=True):
        shape = tensor.shape[1:]
        if hasattr(layer, "links"):
            multiply_adds += layer.multiply_adds(shape)
            links += layer.links(shape)
        else:
            kernels = sum(math.prod(w.shape) for w in layer.weights if len(w.shape) > 1)
            biases = size if any(w.name == "bias" for w in layer.weights) else 0
            multiply_adds += kernels * size // (shape[-1] if shape else 1)
            links += kernels * size // (shape[-1] if shape else 1) + biases
    return LayerDescription(
        name=layer.name,
        kind=type(layer).__name__,
        output_shape=tuple(outputs[-1].shape[1:]),
        parameters=sum(math.prod(w.shape) for w in layer.weights),
        trainable_parameters=sum(math.prod(w.shape) for w in layer.trainable_weights),
        multiply_adds=multiply_adds,
        links=links,
        weight_bytes=sum(math.prod(w.shape) * _bytes(w.dtype) for w in layer.weights),
        activation_bytes=sum(size * _bytes(tensor.dtype) for tensor, size in zip(outputs, sizes, strict=True)),
    )


def _bytes(dtype: str) -> int:
    return 1 if dtype == "bool" else int(re.sub(r"\D", "", dtype.partition("_")[0])) // 8
