"""What inputs and labels must be, checked when data are loaded: inside a compiled loss a bad label is a silent NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_dl.errors import UsageError


def as_array(values: Any, what: str) -> np.ndarray:
    """`values` as an array; raises `UsageError` where they are of different lengths."""
    try:
        return np.asarray(values)
    except ValueError:
        raise UsageError(f"{what} have different lengths; an array is wanted") from None


def checked_inputs(inputs: np.ndarray, name: str) -> np.ndarray:
    """`inputs` (n, ...) as uint8, float32 or, of texts (n,), str; raises `UsageError` naming the first that is bad."""
    if inputs.ndim == 1 and inputs.dtype.kind in "UO" and all(isinstance(text, str) for text in inputs):
        return inputs.astype(object, copy=False)
    if inputs.dtype.kind not in "biuf":
        raise UsageError(f"the inputs of {name} are {inputs.dtype}; they must be numbers")
    if inputs.ndim < 2:
        raise UsageError(f"the inputs of {name} have shape {inputs.shape}; they must be (examples, ...)")
    if inputs.dtype == np.uint8 or not inputs.size:
        return inputs
    with np.errstate(over="ignore"):
        inputs = inputs.astype(np.float32, copy=False)
    if not np.isfinite([inputs.min(), inputs.max()]).all():
        finite = np.isfinite(inputs).reshape(len(inputs), -1).all(axis=1)
        worst = int(np.argmin(finite))
        raise UsageError(f"example {worst} of {name} has NaN or infinite values ({(~finite).sum()} such examples)")
    return inputs


def checked_labels(labels: np.ndarray, classes: int | None, name: str) -> np.ndarray:
    """`labels` (n,) as int64; raises `UsageError` unless they are whole numbers 0 .. `classes` - 1."""
    if labels.dtype.kind not in "biuf":
        example = labels.flat[0].item() if labels.dtype.kind in "SU" else labels.flat[0]
        raise UsageError(f"the labels of {name} are like {example!r}; they must be whole numbers, a class each, from 0")
    if labels.ndim != 1:
        advice = "; take their argmax" if labels.ndim == 2 and set(np.unique(labels)) <= {0, 1} else ""
        raise UsageError(f"the labels of {name} have shape {labels.shape}; one whole number each is wanted{advice}")
    with np.errstate(invalid="ignore"):
        whole = labels.astype(np.int64)
    if not np.array_equal(whole, labels):
        worst = int(np.argmax(whole != labels))
        raise UsageError(f"label {labels[worst]} of example {worst} of {name} is not a whole number")
    check_range(whole, classes, name)
    return whole


def check_range(labels: np.ndarray, classes: int | None, name: str) -> None:
    """Raise `UsageError` unless the whole numbers `labels` (n, ...), of examples or pixels, are 0 .. `classes` - 1."""
    outside = (labels < 0) | (labels >= (np.inf if classes is None else classes))
    if outside.any():
        worst = int(np.argmax(outside.reshape(len(labels), -1).any(axis=1)))
        label = labels[outside][0]
        allowed = "0 or more" if classes is None else f"0..{classes - 1}"
        raise UsageError(f"label {label} of example {worst} of {name} is outside {allowed}")
