"""Graphs in .npz files, as a network takes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_dl.data.load import load
from keras_dl.data.spec import Spec
from keras_dl.errors import UsageError

COLUMNS = ("nodes", "edges")


def read_graphs(places: Sequence[Path], spec: Spec) -> tuple[list[str], dict[str, np.ndarray]]:
    """What each graph is called, and all of them by column: files as `keras_dl.data.load` takes them.

    Raises `UsageError` for another file, and for another number of nodes, features or edges than `spec` has.
    """
    names = [spec.find(kind) for kind in COLUMNS]
    graphs = []
    for place in places:
        data = load(place.absolute())
        for kind, name in zip(COLUMNS, names, strict=True):
            found = data.spec.columns.get(name)
            if found is None or found.shape != spec.columns[name].shape:
                shape = "none" if found is None else found.shape
                raise UsageError(f"the model takes {kind} of shape {spec.columns[name].shape}; {place} has {shape}")
        graphs.append([data.test.columns[name].values for name in names])
    columns = map(np.concatenate, zip(*graphs, strict=True))
    return [str(place) for place in places], dict(zip(names, columns, strict=True))
