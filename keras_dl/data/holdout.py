"""Splits that are made where a data set has none: stratified, and decided by a seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_dl.data.dataset import SPLITS
from keras_dl.errors import UsageError

TEST_FRACTION = 0.2
TEST_SEED = 0


def held_out(
    labels: np.ndarray | int, fraction: float, seed: int, class_names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """The sorted indices that stay, and those of about `fraction` of each class of `labels`, drawn by `seed`.

    At least one example of each class goes to either side; examples without classes are a number, and drawn from all.
    Raises `UsageError` for a class that has only one.
    """
    generator = np.random.default_rng(seed)
    labels = np.zeros(labels, "int64") if isinstance(labels, int) else labels
    stay, leave = [], []
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        if len(members) < 2:
            what = f"class {class_names[label]!r} has" if class_names else "there are"
            raise UsageError(f"{what} too few examples to hold some out; it needs at least 3")
        count = min(max(1, round(fraction * len(members))), len(members) - 1)
        leave.append(members[:count])
        stay.append(members[count:])
    return np.sort(np.concatenate(stay)), np.sort(np.concatenate(leave))


def complete(
    labels: dict[str, np.ndarray | int], validation: float, seed: int, class_names: Sequence[str]
) -> tuple[dict[str, tuple[str, np.ndarray]], list[str]]:
    """Where the examples of each split come from: its name -> (existing split, indices); and notices.

    `labels` are those of the splits that exist, "train" among them, or the numbers of their examples where there are no
    classes. A missing test split is `TEST_FRACTION` of the training examples and the same for every `seed`; a missing
    validation split is the part `validation` of what is left, drawn by `seed`.
    """
    counts = {name: values if isinstance(values, int) else len(values) for name, values in labels.items()}
    parts = {name: (name, np.arange(count)) for name, count in counts.items()}
    wanted = {"test": (TEST_FRACTION, TEST_SEED), "validation": (validation, seed)}
    notices = []
    for name, (fraction, its_seed) in wanted.items():
        if name not in labels:
            left = parts["train"][1]
            strata = len(left) if isinstance(labels["train"], int) else labels["train"][left]
            stay, leave = held_out(strata, fraction, its_seed, class_names)
            parts["train"], parts[name] = ("train", left[stay]), ("train", left[leave])
            each = "" if isinstance(labels["train"], int) else "each class of "
            notices.append(f"there is no {name} split; {100 * fraction:g} % of {each}the training examples became one")
    return {name: parts[name] for name in SPLITS}, notices
