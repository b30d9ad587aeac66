"""Labels of which some are wrong, for experiments on what networks learn by heart."""

from __future__ import annotations

import numpy as np


def with_wrong_labels(labels: np.ndarray, classes: int, share: float, generator: np.random.Generator) -> np.ndarray:
    """`labels` (n,) of so many `classes`, of which a random `share` on average is another class, any as likely."""
    wrong = generator.random(len(labels)) < share
    return (labels + wrong * generator.integers(1, classes, len(labels))) % classes
