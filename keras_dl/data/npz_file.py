"""Arrays in an .npz file: inputs and answers, columns of a table, one graph, or one series."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from keras_dl.data.csv_file import origin_of
from keras_dl.data.dataset import Data
from keras_dl.data.examples import from_examples
from keras_dl.data.series import from_series
from keras_dl.data.source import Array
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split
from keras_dl.errors import UsageError, shown, some

PAIRS = (("x", "y"), ("inputs", "labels"), ("images", "labels"))
SPLIT_NAMES = {"train": ("_train", ""), "validation": ("_validation", "_valid", "_val"), "test": ("_test",)}
GRAPH_SPLITS = {"train": "train_index", "validation": "val_index", "test": "test_index"}
FORM = (
    "wanted are x and y, or x_train, y_train, x_test, y_test; columns of numbers and a target; a series; or a graph of "
    "features, edges, labels, train_index, val_index, test_index"
)


def load_npz(path: Path, validation: float, seed: int, target: str | None) -> Data:
    """The arrays in `path`: pairs as `from_examples` takes them, columns (n,) of a table, a graph, or a series.

    Raises `UsageError` for everything else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    if "edges" in arrays:
        if target is not None:
            raise UsageError(f"{path} is a graph, whose answers are those of its nodes; leave target out")
        return _graph(path, arrays)
    name = shown(path.name)
    if "series" in arrays and target is None:
        return from_series(arrays["series"], name=name, validation=validation, origin=origin_of(path))
    options = {"name": name, "held_out": validation, "seed": seed, "origin": origin_of(path)}
    if target is not None:
        return from_examples(_columns(path, arrays, target), **options)
    for x, y in PAIRS:
        found = {
            split: (arrays[x + ending], arrays[y + ending])
            for split, endings in SPLIT_NAMES.items()
            for ending in endings
            if x + ending in arrays and y + ending in arrays
        }
        if "train" in found:
            return from_examples(**found, **options)
    raise UsageError(f"{path} has {some([*arrays], most=20)}; {FORM}")


def _columns(path: Path, arrays: dict[str, np.ndarray], target: str) -> tuple[np.ndarray, np.ndarray]:
    """All columns but `target` side by side, and this."""
    if target not in arrays:
        raise UsageError(f"{path} has no column {target}; it has {some([*arrays], most=20)}")
    others = {key: values for key, values in arrays.items() if key != target}
    for key, values in others.items():
        if values.dtype.kind not in "biuf" or values.ndim not in (1, 2) or len(values) != len(arrays[target]):
            raise UsageError(
                f"column {key} of {path} is {values.dtype} {values.shape}; {len(arrays[target]):,} numbers are wanted"
            )
    if not others:
        raise UsageError(f"{path} has no column beside {target}")
    return np.concatenate([values.reshape(len(values), -1) for values in others.values()], axis=1), arrays[target]


def _graph(path: Path, arrays: dict[str, np.ndarray]) -> Data:
    """One graph, the only example of every split: the labels of the nodes of other splits are -1.

    `edges` (edges, 2) are undirected, each given once; features (nodes, features) are whole, or the columns in which
    each node has 1, `features_indices` from `features_indptr` on.
    """
    wanted = ["labels", *GRAPH_SPLITS.values()]
    if missing := [key for key in wanted if key not in arrays]:
        raise UsageError(f"the graph in {path} has no {some(missing)}; {FORM}")
    nodes, labels, edges = _features(path, arrays), arrays["labels"].astype("int64"), arrays["edges"]
    if edges.ndim != 2 or edges.shape[1] != 2 or edges.dtype.kind not in "iu" or not edges.size:
        raise UsageError(f"edges of {path} must be whole numbers (edges, 2), got {edges.dtype} {edges.shape}")
    if labels.shape != (len(nodes),) or not 0 <= edges.min() <= edges.max() < len(nodes):
        raise UsageError(f"{path} has {len(nodes):,} nodes; its edges or labels are of others")
    both = np.concatenate([edges, edges[:, ::-1]]).T.astype("int64")
    splits = {}
    for split, key in GRAPH_SPLITS.items():
        told = np.full(len(labels), -1)
        told[arrays[key]] = labels[arrays[key]]
        splits[split] = Split({"x": Array(nodes[None]), "edge_index": Array(both[None]), "labels": Array(told[None])})
    columns = {
        "x": Column(kind="nodes", shape=nodes.shape),
        "edge_index": Column(kind="edges", shape=both.shape),
        "labels": Column(kind="classes", shape=labels.shape, classes=int(labels.max()) + 1),
    }
    return Data(spec=Spec(name=shown(path.name), columns=columns), origin=origin_of(path), **splits)


def _features(path: Path, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The features of the nodes, (nodes, features) float32."""
    if "features" in arrays:
        return arrays["features"].astype("float32")
    keys = ("features_indptr", "features_indices", "features_shape")
    if any(key not in arrays for key in keys):
        raise UsageError(f"the graph in {path} has no features, nor {some(keys)}")
    starts, places, shape = (arrays[key] for key in keys)
    features = np.zeros(tuple(shape), "float32")
    values = arrays.get("features_data", np.ones(len(places)))
    features[np.repeat(np.arange(len(features)), np.diff(starts)), places] = values
    return features
