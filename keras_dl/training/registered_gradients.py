"""What TensorFlow would keep of every training for as long as the process lives."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """Within it TensorFlow registers gradients for a while; otherwise it does so for good, 2 MB for a small network.

    Operations with a gradient of their own, such as cross-entropy, register one for each graph that they are in, and
    that holds the graph. It is needed while the gradients of the graph are made, which is before it first runs.
    """
    from tensorflow.python.framework import ops

    registry = ops.gradient_registry._registry
    before = set(registry)
    try:
        yield
    finally:
        for name in registry.keys() - before:
            if name.startswith("CustomGradient-"):
                del registry[name]
