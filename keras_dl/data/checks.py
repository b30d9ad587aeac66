"""What inputs and labels must be, checked when data are loaded: inside a compiled loss a bad label is a silent NaN."""

from __future__ import annotations

import numpy as np

from keras_dl.errors import UsageError


def checked_inputs(inputs: np.ndarray, name: str) -> np.ndarray:
    """`inputs` (n, ...) as uint8, float32 or, of texts (n,), str; raises `UsageError` naming the first that is bad."""
    if not inputs.size:
        raise UsageError(f"{name} is empty")
    if inputs.ndim == 1 and inputs.dtype.kind in "UO" and all(isinstance(text, str) for text in inputs):
        return inputs.astype(object)
    if inputs.dtype == np.uint8:
        finite = np.True_
    elif np.issubdtype(inputs.dtype, np.number) or inputs.dtype == bool:
        inputs = inputs.astype(np.float32, copy=False)
        finite = np.isfinite(inputs).reshape(len(inputs), -1).all(axis=1)
    else:
        raise UsageError(f"the inputs of {name} are {inputs.dtype}; they must be numbers")
    if inputs.ndim < 2:
        raise UsageError(f"the inputs of {name} have shape {inputs.shape}; they must be (examples, ...)")
    if not finite.all():
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
    outside = (whole < 0) | (whole >= (np.inf if classes is None else classes))
    if outside.any():
        worst = int(np.argmax(outside))
        allowed = "0 or more" if classes is None else f"0..{classes - 1}"
        raise UsageError(f"label {whole[worst]} of example {worst} of {name} is outside {allowed}")
    return whole
