"""One compiled program of a function that calls a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf


def compiled(function: Callable[..., Any], network: keras.Model, *, xla: bool = False) -> Callable[..., Any]:
    """`function` of arrays, or tuples of them, which calls `network`, compiled once for each of their shapes.

    It uses the weights that the network has when it is called. With `xla`, and on JAX always, XLA compiles it. Raises
    `UsageError` on other backends than TensorFlow and JAX.
    """
    match keras.backend.backend():
        case "tensorflow":
            program = tf.function(function, jit_compile=xla)
            return lambda *arrays: program(*keras.tree.map_structure(keras.ops.convert_to_tensor, arrays))
        case "jax":
            import jax

            @jax.jit
            def program(values, *arrays):
                with keras.StatelessScope(list(zip(network.variables, values, strict=True))):
                    return function(*arrays)

            return lambda *arrays: program([variable.value for variable in network.variables], *arrays)
        case other:
            raise UsageError(f"a network is compiled on tensorflow and jax, KERAS_BACKEND is {other}")
