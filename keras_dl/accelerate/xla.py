"""What XLA says when it cannot compile, in one line."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from keras_dl.accelerate.options import Acceleration
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf

MISSING = r"No registered '(\w+)' OpKernel for \w*XLA"
NODE = r"\{\{node (?:[^}]*/)?(\w+)\}\}"


def check_layers(model: keras.Model) -> None:
    """Raise `UsageError` where Keras would warn and train without XLA: for a layer, or for deterministic operations."""
    refusing = [layer.name for layer in model._flatten_layers() if not layer.supports_jit]
    if refusing:
        raise UsageError(f"XLA cannot compile the layers {', '.join(refusing)}; use xla=False")
    from tensorflow.python.framework.config import is_op_determinism_enabled

    if is_op_determinism_enabled():
        raise UsageError("this process has turned deterministic operations on, which XLA lacks; train in a new one")


@contextlib.contextmanager
def named_operations(options: Acceleration) -> Iterator[None]:
    """Raise a `UsageError` that names the operations which XLA cannot compile, where `options` want XLA."""
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        found = operations(str(error))
        if not options.xla or not found:
            raise
        raise UsageError(f"XLA cannot compile {', '.join(found)}; use xla=False") from error


def operations(message: str) -> list[str]:
    """The operations that XLA lacks according to its error, or else the nodes that it names, each once.

    None are named by errors of anything else, such as the pipeline of the data.
    """
    if "tf2xla" not in message:
        return []
    return list(dict.fromkeys(re.findall(MISSING, message) or re.findall(NODE, message)))
