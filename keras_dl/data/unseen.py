"""Splits of different classes, for networks that are to tell apart classes that they never saw.

Lake, Salakhutdinov & Tenenbaum, "Human-level concept learning through probabilistic program induction", Science 350,
2015, hold out whole alphabets of Omniglot.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.sources import joined
from keras_dl.data.spec import Spec
from keras_dl.data.split import Split
from keras_dl.errors import UsageError

LABEL = "label"
SEED = 0
ENOUGH = 5
"""classes that validation and test each have, where they have different ones"""


def divided(data: Data, share: float) -> Data:
    """`data` whose training has other classes than validation and test; the column "label" says which it has "seen".

    A `share` of the classes is held out, drawn the same for every training. Classes whose names differ in a number
    behind "_" alone, such as characters of an alphabet, stay together, where there are enough alphabets. Half of what
    is held out is for validation and half for the test if either half has `ENOUGH` classes; otherwise both have all of
    them, by different examples. All examples of a class go where it goes, whatever split they were in. Where the test
    split has classes of its own, these are its classes, and half of the `share` of the others are for validation.
    Raises `UsageError` where fewer than two classes would be seen, or not.
    """
    own = np.setdiff1d(_classes(data.test), np.union1d(_classes(data.train), _classes(data.validation)))
    others = np.setdiff1d(np.concatenate([_classes(getattr(data, name)) for name in SPLITS]), own)
    groups = _groups(others, data.spec.class_names)
    order = np.random.default_rng(SEED).permutation(len(groups))
    count = round((share / 2 if len(own) else share) * len(groups))
    held, rest = ([groups[place] for place in sorted(places)] for places in (order[:count], order[count:]))
    seen = np.concatenate([[], *rest]).astype("int64")
    apart = [np.concatenate([[], *half]) for half in ([held, [own]] if len(own) else [held[::2], held[1::2]])]
    unseen = np.concatenate(apart)
    if len(seen) < 2 or min(map(len, apart) if len(own) else [len(unseen)]) < 2:
        raise UsageError(
            f"{data.spec.name} has {len(others) + len(own)} classes; 2 or more to learn from and 2 or more to hold out "
            f"are wanted, unseen={share:g} makes {len(seen)} and {len(unseen)}"
        )
    everything = together([getattr(data, name) for name in SPLITS])
    if len(own) or min(map(len, apart)) >= ENOUGH:
        validation, test = (of_classes(everything, classes) for classes in apart)
        words = f"validation has {len(apart[0])} other classes, the test {len(apart[1])}"
    else:
        validation, test = of_classes(together([data.train, data.validation]), unseen), of_classes(data.test, unseen)
        words = f"validation and test have {len(unseen)} other classes, by different examples"
    return dataclasses.replace(
        data,
        spec=data.spec.replace(LABEL, seen=tuple(map(int, np.sort(seen)))),
        train=of_classes(everything, seen),
        validation=validation,
        test=test,
        notices=(*data.notices, f"training has {len(seen)} classes; {words}"),
    )


def never_seen(data: Data, like: Spec) -> Data:
    """All examples of `data`, in each split, but for classes named as those that a network of `like` has seen.

    Names that are numbers tell nothing, unless all classes are called the same. Raises `UsageError` for fewer than two.
    """
    names, theirs = _names(data.spec), _names(like)
    seen = {theirs[label] for label in like.columns[LABEL].seen}
    if names != theirs:
        seen = {name for name in seen if not name.isdecimal()}
    everything = together([getattr(data, name) for name in SPLITS])
    classes = [label for label in _classes(everything) if names[label] not in seen]
    if len(classes) < 2:
        raise UsageError(
            f"{data.spec.name} has {len(classes)} classes that the network never saw; 2 or more are wanted"
        )
    return dataclasses.replace(data, **dict.fromkeys(SPLITS, of_classes(everything, classes)))


def _names(spec: Spec) -> tuple[str, ...]:
    return spec.class_names or tuple(map(str, range(spec.classes)))


def _classes(split: Split) -> np.ndarray:
    return np.unique(split.columns[LABEL].values)


def _groups(classes: np.ndarray, names: Sequence[str]) -> list[list[int]]:
    """The `classes` that stay together, in order."""
    found: dict[str, list[int]] = {}
    for label in classes.tolist():
        found.setdefault(re.sub(r"_\d+$", "", names[label]) if names else str(label), []).append(label)
    return [*found.values()] if len(found) >= 2 * ENOUGH else [[label] for label in classes.tolist()]


def together(splits: Sequence[Split]) -> Split:
    """The examples of all `splits`, one split after another."""
    columns = {name: joined([split.columns[name] for split in splits]) for name in splits[0].columns}
    return dataclasses.replace(splits[0], columns=columns, drawn=None)


def of_classes(split: Split, classes: Sequence[int]) -> Split:
    """The examples of `split` whose labels are among `classes`."""
    return split.take(np.flatnonzero(np.isin(split.columns[LABEL].values, classes)))
