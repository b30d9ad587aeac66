"""The format safetensors, read without trusting the file: a table of tensors, then their bytes, end to end."""

from __future__ import annotations

import dataclasses
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_dl import strict_json
from keras_dl.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

LONGEST_TABLE = 16 * 2**20
"""bytes; the table of a network with 100,000 tensors"""
MOST_AXES = 16
KINDS = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1"},
    **{"U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1"},
}
"""NumPy's name of each type that it has; the last character is the bytes of a value"""
BYTES = {"BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1} | {name: int(kind[-1]) for name, kind in KINDS.items()}


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One row of the table; `start` and `end` are places in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def table(path: Path) -> dict[str, Tensor]:
    """The tensors of the file `path` by name, their bytes checked to fill the file without gap or overlap.

    Raises `UsageError` that says where it is no whole safetensors file.
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(LONGEST_TABLE, size - 8):
            raise _damaged(path, f"its table would have {length:,} bytes, the file has {size:,}")
        text = file.read(length)
    rows = strict_json.parse(text, f"the table of {path}")
    if not isinstance(rows, dict):
        raise _damaged(path, "its table is no JSON object")
    rows.pop("__metadata__", None)
    tensors = {name: _tensor(path, name, row, 8 + length) for name, row in rows.items()}
    end = 8 + length
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if tensor.start != end:
            raise _damaged(path, f"the tensor {name!r} begins at byte {tensor.start:,}, the one before ends at {end:,}")
        end = tensor.end
    if end != size:
        raise _damaged(path, f"its tensors end at byte {end:,}, the file at {size:,}")
    return tensors


def read(path: Path) -> dict[str, np.ndarray]:
    """The tensors of the file `path` by name, as views of the file that is mapped into memory. Raises `UsageError`."""
    import numpy as np

    rows = table(path)
    content = np.memmap(path, mode="r")
    found = {}
    for name, row in rows.items():
        if row.dtype not in KINDS:
            raise UsageError(f"{path}: the tensor {name!r} is of type {row.dtype}; {', '.join(KINDS)} are read")
        found[name] = content[row.start : row.end].view(KINDS[row.dtype]).reshape(row.shape)
    return found


def _tensor(path: Path, name: str, row: Any, begin: int) -> Tensor:
    """A row of the table as it stands in the file, whose tensors begin at byte `begin`."""
    match row:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [int(start), int(end)]} if (
            len(row) == 3 and len(shape) <= MOST_AXES and all(type(axis) is int and axis >= 0 for axis in shape)
        ):
            if dtype not in BYTES:
                raise _damaged(path, f"the tensor {name!r} is of an unknown type, {dtype!r}")
            if math.prod(filter(None, shape)) * BYTES[dtype] > sys.maxsize:
                raise _damaged(path, f"the tensor {name!r} has a shape that no memory holds")
            if not 0 <= start <= end or end - start != math.prod(shape) * BYTES[dtype]:
                raise _damaged(path, f"the tensor {name!r} has the bytes {start} to {end} for {dtype} of shape {shape}")
            return Tensor(dtype, tuple(shape), begin + start, begin + end)
    raise _damaged(path, f"the tensor {name!r} has no type, shape and place")


def _damaged(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} is not a whole safetensors file: {why}")
