"""What the name of data means: something embedded, one of tensorflow-datasets, an environment, or a folder."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from keras_dl import names
from keras_dl.environments import is_environment
from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow_datasets as tfds
else:
    tfds = LazyModule("tensorflow_datasets")

EMBEDDED = DIGITS, CLAUSES, FACTS, COLOURED_DIGITS = "digits", "clauses", "facts", "coloured_digits"
NEAR = 0.75
FORM = "expected a folder with <class>/<picture> in it"


def find_folder(name: str, data_dir: str | None) -> Path | None:
    """The folder that `name` means, or None where it names a data set; nothing is read, TensorFlow is not imported.

    Names are those of `keras_dl.names`; a data set may also be NAME/CONFIG or NAME:VERSION where there is no such
    folder. Raises `UsageError` for what is neither, and for a `data_dir` that is no folder.
    """
    if not name:
        raise UsageError(f"the name of the data is missing; {FORM}, or the name of a data set")
    names.checked("the name of the data", name)
    if data_dir is not None and not (data_dir and names.expanded(data_dir).is_dir()):
        raise UsageError(f"data_dir {data_dir or repr(data_dir)} is not a folder")
    if is_environment(name):
        return None
    base = name.partition(os.sep)[0].partition(":")[0]
    folder = names.expanded(name)
    if names.is_path(name):
        if os.path.exists(folder):
            return folder
        if name.endswith(os.sep) or not _is_known(name, base, data_dir):
            raise UsageError(f"there is no folder {name}; {FORM}")
        return None
    if _is_known(name, base, data_dir):
        names.is_name("data set", name, (name,))
        return None
    if os.path.exists(folder):
        return folder
    known = {*EMBEDDED, *_registered(), *_prepared(data_dir)}
    near = difflib.get_close_matches(base.lower(), known, n=3, cutoff=NEAR)
    hint = f"did you mean {', '.join(near)}?" if near else FORM
    raise UsageError(f"there is no folder {name} here and no data set of that name; {hint}")


def _is_known(name: str, base: str, data_dir: str | None) -> bool:
    return name in EMBEDDED or base in _registered() or base in _prepared(data_dir)


def _registered() -> list[str]:
    return tfds.list_builders(with_community_datasets=False)


def _prepared(data_dir: str | None) -> list[str]:
    """The data sets that are complete in `data_dir`, or where tensorflow-datasets looks for them."""
    root = names.expanded(data_dir or os.environ.get("TFDS_DATA_DIR") or tfds.core.constants.DATA_DIR)
    versions = (path for depth in ("*", "*/*") for path in root.glob(f"[!.]*/{depth}/dataset_info.json"))
    return sorted({path.relative_to(root).parts[0] for path in versions})
