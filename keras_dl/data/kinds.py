"""Pictures of two kinds, such as photographs and paintings, of which none belongs to another."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.drawn import Evenly
from keras_dl.errors import UsageError, choose, some

LABEL, PAIR = "label", "pair"
"""columns of the kind of a picture, and of the number that two pictures share that show the same thing"""


def two_kinds(data: Data, domains: Sequence[str] = ()) -> Data:
    """`data` of two classes, or of the two that `domains` names, in batches that hold pictures of either in turns.

    The kind that is first in `domains` has the label 0. Other columns are left out but for "pair". Raises `UsageError`
    for more classes or fewer, and where a split has no picture of one of them.
    """
    spec, names = data.spec, data.spec.class_names or tuple(map(str, range(data.spec.classes)))
    for name in domains:
        choose(f"class of {spec.name}", name, names)
    if not domains and len(names) != 2:
        raise UsageError(
            f"pictures of two kinds are wanted, {spec.name} has {len(names)} classes: {some(names)}; choose two by "
            f"--task.domains {names[0]} {names[1]}"
        )
    domains = tuple(domains) or names
    kept = [name for name in (spec.input, LABEL, PAIR) if name in spec.columns]
    splits = {}
    for split_name in SPLITS:
        split = getattr(data, split_name)
        kinds = np.full(len(names), -1)
        kinds[[names.index(name) for name in domains]] = 0, 1
        labels = kinds[split.columns[LABEL].values]
        for kind, name in enumerate(domains):
            if not np.any(labels == kind):
                raise UsageError(f"the {split_name} split of {spec.name} has no picture of {name}")
        chosen = np.flatnonzero(labels >= 0)
        split = split.take(chosen)
        columns = {name: split.columns[name] for name in kept} | {LABEL: labels[chosen]}
        splits[split_name] = dataclasses.replace(split, columns=columns, drawn=Evenly(labels[chosen]))
    label = dataclasses.replace(spec.columns[LABEL], classes=2, class_names=domains)
    columns = {name: spec.columns[name] for name in kept} | {LABEL: label}
    reread = data.reread and (lambda height, width: two_kinds(data.reread(height, width), domains))
    return dataclasses.replace(data, spec=dataclasses.replace(spec, columns=columns), reread=reread, **splits)


def paired(split) -> np.ndarray:
    """The places (n, 2) of pictures of the first and the second kind in `split` that show the same thing."""
    labels, pairs = (split.columns[name].values for name in (LABEL, PAIR))
    first, second = ({pairs[place]: place for place in np.flatnonzero(labels == kind)} for kind in (0, 1))
    return np.array([(first[pair], second[pair]) for pair in first if pair in second], int).reshape(-1, 2)
