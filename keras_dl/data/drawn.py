"""Batches that are drawn by group, such as by class, in place of an order of all examples."""

from __future__ import annotations

import abc
import functools

import numpy as np

from keras_dl.data.order import shuffled
from keras_dl.errors import UsageError


class Drawn(abc.ABC):
    """Which examples make a batch, as a function of (seed, epoch, step) and of `groups` (n,), whole numbers.

    All batches have one size, at most that which is asked for.
    """

    def __init__(self, groups: np.ndarray):
        self._groups = np.asarray(groups)

    @functools.cached_property
    def members(self) -> list[np.ndarray]:
        """The examples of each group, in the order of the groups."""
        order = np.argsort(self._groups, kind="stable")
        _, starts = np.unique(self._groups[order], return_index=True)
        return np.split(order, starts[1:])

    @abc.abstractmethod
    def size(self, most: int) -> int:
        """How many examples a batch has where `most` are asked for. Raises `UsageError` where that is too few."""

    @abc.abstractmethod
    def batch(self, most: int, seed: int, epoch: int, step: int) -> np.ndarray:
        """The numbers of its examples, int64 (size,)."""


class Episodes(Drawn):
    """`each` examples of each of as many groups as a batch can hold, group by group, all drawn at random.

    No example is twice in a batch. Vinyals et al., "Matching Networks for One Shot Learning", NeurIPS 2016, train by
    such episodes. Raises `UsageError` for fewer than two groups, or one with fewer than `each` examples.
    """

    def __init__(self, groups: np.ndarray, each: int):
        super().__init__(groups)
        self.each = each
        if len(self.members) < 2:
            raise UsageError("episodes need examples of 2 classes or more, there is 1")
        if (fewest := min(map(len, self.members))) < each:
            raise UsageError(f"an episode takes {each} examples of each class, one has {fewest}")

    def size(self, most):
        ways = min(len(self.members), most // self.each)
        if ways < 2:
            raise UsageError(
                f"an episode takes {self.each} examples of each of 2 classes or more, which are {2 * self.each}; "
                f"batch_size={most} is less"
            )
        return ways * self.each

    def batch(self, most, seed, epoch, step):
        generator = np.random.default_rng([seed, epoch, step])
        chosen = generator.permutation(len(self.members))[: self.size(most) // self.each]
        return np.concatenate([generator.choice(self.members[one], self.each, replace=False) for one in chosen])


class Evenly(Drawn):
    """As many examples of one group as of any other, in turns: of each in an order that begins anew at its end."""

    def size(self, most):
        if most < len(self.members):
            raise UsageError(f"a batch takes examples of {len(self.members)} groups; batch_size={most} is less")
        return most // len(self.members) * len(self.members)

    def batch(self, most, seed, epoch, step):
        each = self.size(most) // len(self.members)
        passes = np.arange(step * each, (step + 1) * each)
        return np.stack([self._dealt(group, passes, seed, epoch) for group in range(len(self.members))], 1).ravel()

    def _dealt(self, group: int, places: np.ndarray, seed: int, epoch: int) -> np.ndarray:
        members = self.members[group]
        found = np.empty(len(places), "int64")
        for number in np.unique(places // len(members)):
            key = np.random.SeedSequence([seed, epoch, group, number]).generate_state(2, "uint64").astype("int64")
            there = places // len(members) == number
            found[there] = members[shuffled(places[there] % len(members), len(members), key)]
        return found


class Pairs(Drawn):
    """Pairs of examples, one behind the other: by turns two of one group, and of two.

    Groups have equal chances, and so have the examples of a group. Raises `UsageError` for fewer than two groups, or
    one of a single example.
    """

    def __init__(self, groups: np.ndarray):
        super().__init__(groups)
        if len(self.members) < 2:
            raise UsageError("pairs need examples of 2 classes or more, there is 1")
        if min(map(len, self.members)) < 2:
            raise UsageError("pairs need 2 examples or more of each class, one has 1")

    def size(self, most):
        if most < 4:
            raise UsageError(f"a pair of one class and one of two are 4 examples; batch_size={most} is less")
        return most // 4 * 4

    def batch(self, most, seed, epoch, step):
        generator = np.random.default_rng([seed, epoch, step])
        found = []
        for _ in range(self.size(most) // 4):
            found.append(generator.choice(self.members[generator.integers(len(self.members))], 2, replace=False))
            two = generator.choice(len(self.members), 2, replace=False)
            found.append([generator.choice(self.members[one]) for one in two])
        return np.concatenate(found)
