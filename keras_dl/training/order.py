"""The order of the examples in a training of so many steps."""

from __future__ import annotations

import numpy as np


def random_order(examples: int, steps: int, batch_size: int, generator: np.random.Generator) -> np.ndarray:
    """Indices below `examples`, (steps, batch_size): one shuffled epoch after another, cut into full batches."""
    epochs = -(-steps * batch_size // examples)
    order = generator.permuted(np.tile(np.arange(examples), (epochs, 1)), axis=1)
    return order.reshape(-1)[: steps * batch_size].reshape(steps, batch_size)
