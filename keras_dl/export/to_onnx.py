"""ONNX by tf2onnx, and what it takes to hold every network of the catalogue and to run in onnxruntime."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf

if TYPE_CHECKING:
    from onnx import ModelProto


def write(model: keras.Model, folder: Path, path: Path) -> None:
    """Write `model` to `path`. Raises `UsageError` for operations of TensorFlow that ONNX does not have."""
    import onnx

    _register_erfc()
    with _inner_functions_inlined(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # Keras adapts tf2onnx to NumPy 2
        model.export(path, format="onnx", verbose=False)
    exported = onnx.load(path)
    unknown = {node.op_type for node in exported.graph.node if not onnx.defs.has(node.op_type, node.domain)}
    if unknown:
        raise UsageError(f"ONNX cannot hold {model.name}: it has no operation {', '.join(sorted(unknown))}")
    _slice_where_pools_are_of_one_pixel(exported)
    onnx.save(exported, path)


def run(path: Path, batches: list[np.ndarray]) -> list[np.ndarray]:
    """The outputs of the network in `path`, by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return [session.run(None, {session.get_inputs()[0].name: x})[0] for x in batches]


@contextlib.contextmanager
def _inner_functions_inlined() -> Iterator[None]:
    """Trace through the functions that Keras has compiled, such as grouped convolutions, which ONNX cannot call."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


@functools.cache
def _register_erfc() -> None:
    """Teach tf2onnx, which lacks it, that Erfc(x) is 1 - Erf(x): Keras's exact GELU uses it."""
    from tf2onnx.handler import tf_op
    from tf2onnx.utils import make_name, map_onnx_to_numpy_type

    @tf_op("Erfc")
    class Erfc:
        @classmethod
        def version_9(cls, graph, node, **kwargs):  # the first version of the operations that has Erf
            shapes, dtypes = node.output_shapes, node.output_dtypes
            graph.remove_node(node.name)
            one = graph.make_const(make_name("one"), np.ones((), map_onnx_to_numpy_type(dtypes[0])))
            erf = graph.make_node("Erf", node.input, shapes=shapes, dtypes=dtypes)
            difference = [one.output[0], erf.output[0]]
            graph.make_node("Sub", difference, outputs=node.output, name=node.name, shapes=shapes, dtypes=dtypes)


def _slice_where_pools_are_of_one_pixel(exported: ModelProto) -> None:
    """Replace average pools of one pixel by the same choice of every so many pixels.

    onnxruntime moves a border of zeros before a pool into it, and then refuses borders as wide as the window.
    """
    import onnx

    for node in exported.graph.node:
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        if node.op_type != "AveragePool" or set(attributes["kernel_shape"]) != {1}:
            continue
        arguments = {
            "starts": [0, 0],
            "ends": [np.iinfo("int64").max] * 2,
            "axes": [2, 3],
            "steps": attributes["strides"],
        }
        names = [f"{node.name}/{name}" for name in arguments]
        for name, values in zip(names, arguments.values(), strict=True):
            exported.graph.initializer.append(onnx.numpy_helper.from_array(np.array(values, "int64"), name))
        node.CopyFrom(onnx.helper.make_node("Slice", [node.input[0], *names], node.output, node.name))
