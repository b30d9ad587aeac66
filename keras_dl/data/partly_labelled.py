"""Data of which few labels are known."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.dataset import Data
from keras_dl.data.drawn import Evenly
from keras_dl.errors import UsageError

UNLABELLED = -1
"""the label that stands for a gap"""


class Shares(Evenly):
    """Examples of the group 0, and behind them `share` of the batch of the group 1, rounded, but one at least."""

    def __init__(self, groups: np.ndarray, share: float):
        super().__init__(groups)
        self.share = share

    def size(self, most):
        if most < 2:
            raise UsageError(f"a step takes examples with and without a label; batch_size={most} is less than two")
        return most

    def batch(self, most, seed, epoch, step):
        of_one = min(max(1, round(self.share * most)), most - 1)
        parts = enumerate((self.size(most) - of_one, of_one))
        return np.concatenate(
            [self._dealt(group, np.arange(step * count, (step + 1) * count), seed, epoch) for group, count in parts]
        )


def partly_labelled(data: Data, labels: int | None, share: float, seed: int) -> Data:
    """`data` of whose training split so many `labels` of each class are known, drawn by `seed`; the others are gaps.

    Without a number it is those that are known in `data`, which have gaps. In batches the labelled examples are `share`
    of all. Raises `UsageError` where a class has fewer training examples, and where all have a label.
    """
    train = data.train
    told = np.flatnonzero(train.labels != UNLABELLED)
    if labels is not None:
        numbered = dataclasses.replace(train, columns={**train.columns, "place": np.arange(len(train))})
        told = numbered.take(told).few(labels, seed).columns["place"].values
    if len(told) == len(train):
        every = f"{len(train):,} training examples of {data.spec.name}"
        if labels is None:
            raise UsageError(f"all {every} have a label; say how many of each class are known, such as labels=10")
        raise UsageError(f"labels={labels} of each class are all {every}; take fewer")
    known = np.isin(np.arange(len(train)), told)
    train = train.with_labels(np.where(known, train.labels, UNLABELLED))
    return dataclasses.replace(
        data,
        spec=data.spec.replace("label", gaps=True),
        train=dataclasses.replace(train, drawn=Shares(known, share)),
    )
