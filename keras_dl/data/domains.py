"""Two data sets of the same classes as one: labels in the one, and in the other what they are good for."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.drawn import Evenly
from keras_dl.data.resize import check_conversion
from keras_dl.data.sources import joined
from keras_dl.data.spec import Column
from keras_dl.data.split import Split
from keras_dl.errors import UsageError, some

LABEL, DOMAIN = "label", "domain"
UNKNOWN = -1
"""the label of what has none"""


def two_domains(source: Data, target: Data) -> Data:
    """The examples of both, the `source` first, with a column "domain": 0 for the source, 1 for the `target`.

    The column "label" has the classes, but `UNKNOWN` for all of the target in training; batches of the training have as
    many examples of either. Pictures of the target get the size of the source's. Raises `UsageError` for other classes
    and for inputs of another kind or shape.
    """
    ours, theirs = source.spec, target.spec
    for spec in (ours, theirs):
        if spec.find("class") != LABEL:
            raise UsageError(f"{spec.name} has no class for each example; both domains need the same classes")
    named = ours.class_names and theirs.class_names
    if ours.classes != theirs.classes or (named and ours.class_names != theirs.class_names):
        raise UsageError(
            f"the target needs the classes of {ours.name}, {_called(ours)}; {theirs.name} has {_called(theirs)}"
        )
    if ours.kind != theirs.kind or (ours.kind != "image" and ours.shape != theirs.shape):
        raise UsageError(f"{ours.name} is {ours.kind} {ours.shape}, {theirs.name} is {theirs.kind} {theirs.shape}")
    if ours.kind == "image":
        check_conversion(theirs.shape, ours.shape)
    splits = {name: _both(getattr(source, name), getattr(target, name), ours.input) for name in SPLITS}
    train = splits["train"]
    domains = train.columns[DOMAIN].values
    labels = np.where(domains == 0, train.columns[LABEL].values, UNKNOWN)
    splits["train"] = dataclasses.replace(train.with_labels(labels), drawn=Evenly(domains))
    columns = {
        ours.input: ours.columns[ours.input],
        LABEL: dataclasses.replace(ours.columns[LABEL], gaps=True),
        DOMAIN: Column(kind="class", class_names=("source", "target")),
    }
    again = source.reread and (lambda *size: two_domains(source.resized((*size, ours.shape[-1])), target))
    return dataclasses.replace(
        source,
        spec=dataclasses.replace(ours, columns=columns),
        notices=(*source.notices, *(f"{theirs.name}: {notice}" for notice in target.notices)),
        reread=again or None,
        **splits,
    )


def _called(spec) -> str:
    return some(spec.class_names) if spec.class_names else f"{spec.classes} without names"


def _both(source: Split, target: Split, name: str) -> Split:
    columns = {key: joined([part.columns[key] for part in (source, target)]) for key in (name, LABEL)}
    domains = np.repeat([0, 1], [len(source), len(target)])
    return Split({**columns, DOMAIN: domains}, shape=source.shape)
