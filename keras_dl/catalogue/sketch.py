"""A network without its layers: what a layer gives for its settings and inputs is found once and remembered."""

from __future__ import annotations

import contextlib
import itertools
import types
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import NOTHING, keras, layers, replaced

MOST = 10_000
"""layers that are remembered, about a kilobyte each"""
MOST_LAYERS = 10_000
"""layers of a network; the deepest published ones have half as many"""

_known: dict[Hashable, tuple[Any, Any]] = {}


class NotSketched(Exception):
    """The builder wants more of a layer than its outputs, or gives it what cannot be compared."""


def sketch(config: Config, find: Callable[[keras.layers.Layer], Any]) -> list[tuple[str, list[Any]]]:
    """The names of the layers in the network of `config`, and what `find` tells of each, a list with a fact per call.

    `find` gets a layer without weights in memory that was called once. It is asked only where class, settings and
    inputs are new, so what it tells must follow from these. Layers that the outputs do not depend on are left out. A
    layer that was not made by way of `keras_dl.lazy` is asked about as it is, with all its calls. Raises `NotSketched`
    where only building the network helps, and `UsageError` as soon as there are more than `MOST_LAYERS`.
    """
    with _never_made(), replaced(_stand_ins(find)), keras.StatelessScope(initialize_variables=False):
        network = config.build()
    return [
        (layer.name, layer.facts if isinstance(layer, Sketch) else [find(layer)])
        for layer in (network if isinstance(network, _Network) else network.layers)
        if isinstance(layer, Sketch | keras.layers.Layer)
    ]


@contextlib.contextmanager
def _never_made() -> Iterator[None]:
    """Keras forgets the variables of a sketch, which it would otherwise make in memory when another scope ends."""
    state, waiting = keras.src.backend.common.global_state, "uninitialized_variables"
    before = state.get_global_attribute(waiting, [])
    state.set_global_attribute(waiting, [])
    try:
        yield
    finally:
        state.set_global_attribute(waiting, before)


class Sketch:
    """Stands for the layer `kind(*arguments, **settings)`; its calls give symbolic tensors, as the layer's do."""

    def __init__(self, kind: type, arguments: tuple, settings: dict[str, Any], find: Callable[[Any], Any]):
        self.name = settings.pop("name", None) or keras.src.utils.naming.auto_name(kind.__name__)
        self.facts: list[Any] = []
        self._made, self._find = (kind, arguments, settings), find
        self._inbound_nodes, self._outbound_nodes = [], []  # for Keras's graph

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        key = (self._find, keras.config.dtype_policy().name, _frozen((self._made, inputs, options)))
        try:
            if key not in _known:
                if len(_known) >= MOST:
                    _known.clear()
                _known[key] = self._real(inputs, options)
        except TypeError as error:
            raise NotSketched from error
        fact, outputs = _known[key]
        self.facts.append(fact)
        outputs = keras.tree.map_structure(_fresh, outputs)
        keras.src.ops.node.Node(operation=self, call_args=inputs, call_kwargs=options, outputs=outputs)
        return outputs

    def __getattr__(self, name: str) -> Any:
        raise NotSketched

    def _real(self, inputs: tuple, options: dict[str, Any]) -> tuple[Any, Any]:
        """The fact and the outputs of the real layer."""
        kind, arguments, settings = self._made
        with replaced(NOTHING):
            layer = kind(*arguments, **settings, name=self.name)
            inputs, options = keras.tree.map_structure(_fresh, (inputs, options))
            outputs = layer(*inputs, **options)
            return self._find(layer), keras.tree.map_structure(_fresh, outputs)


class _Network(list):
    """Stands for a model: its operations, in the order of a model's layers."""

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None):
        ends = keras.tree.flatten(inputs), keras.tree.flatten(outputs)
        super().__init__(keras.src.ops.function.map_graph(*ends)[2])


class _Sketches:
    """Stands for a module of layers."""

    def __init__(self, module: types.ModuleType, find: Callable[[Any], Any], numbers: Iterator[int]):
        self._module, self._find, self._numbers = module, find, numbers

    def __getattr__(self, name: str) -> Any:
        kind = getattr(self._module, name)
        if not isinstance(kind, type):
            return kind

        def make(*arguments: Any, **settings: Any) -> Sketch:
            if next(self._numbers) > MOST_LAYERS:
                raise UsageError(f"the network has more than {MOST_LAYERS:,} layers; make it less deep")
            return Sketch(kind, arguments, settings, self._find)

        return make


def _stand_ins(find: Callable[[Any], Any]) -> dict[tuple[str, str], Any]:
    """What a builder gets in place of attributes of lazy modules."""
    numbers = itertools.count(1)
    ours = _Sketches(layers, find, numbers)
    return {
        ("keras", "layers"): _Sketches(keras.layers, find, numbers),
        ("keras", "Model"): _Network,
        **{(layers.__name__, name): getattr(ours, name) for name in layers.__all__},
    }


def _fresh(value: Any) -> Any:
    """A tensor like `value` without its history; anything else as it is."""
    if isinstance(value, keras.KerasTensor):
        return keras.KerasTensor(value.shape, value.dtype, name=value.name)
    return value


def _frozen(value: Any) -> Hashable:
    """`value` as part of a key: equal for what makes equal layers."""
    if value is None or isinstance(value, int | float | str | type):
        return value
    if isinstance(value, tuple | list):
        return tuple(map(_frozen, value))
    if isinstance(value, dict):
        return tuple((name, _frozen(item)) for name, item in value.items())
    if isinstance(value, keras.KerasTensor):
        return value.shape, value.dtype
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    if hasattr(value, "get_config"):
        return type(value), _frozen(value.get_config())
    return value
