"""Programs that XLA compiled, kept so that the next process need not compile them again."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import shutil
import time
from pathlib import Path

from keras_dl.lazy.machine import cache_folder, processor

MOST_BYTES = 2**28
"""of each runtime's programs; the oldest go first"""
HOUR = 3600


def remember_programs() -> None:
    """Have JAX, and TensorFlow on CPUs, keep their programs under XDG_CACHE_HOME. For before either is imported.

    A program is for one processor and one set of XLA_FLAGS, so each has a folder of its own. What the user has set
    about these caches stays; where no folder can be written or has no room for `MOST_BYTES`, which would end
    TensorFlow's training, or for a TensorFlow of another name, nothing is kept.
    """
    tensorflow = [found.version for found in importlib.metadata.distributions(name="tensorflow")]
    key = [processor(), tensorflow, os.environ.get("XLA_FLAGS")]
    try:
        folder = cache_folder() / "xla" / hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        (folder / "tensorflow").mkdir(parents=True, exist_ok=True)
        room = shutil.disk_usage(folder).free
    except OSError:
        return
    if not os.access(folder / "tensorflow", os.W_OK) or room < MOST_BYTES:
        return
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder / "jax"))
    os.environ.setdefault("JAX_COMPILATION_CACHE_MAX_SIZE", str(MOST_BYTES))
    flags = os.environ.get("TF_XLA_FLAGS", "")
    if tensorflow and "persistent_cache" not in flags:
        with contextlib.suppress(OSError):  # another process tidies as well, or another user has been here
            _tidy(folder / "tensorflow")
        kept = f"--tf_xla_persistent_cache_directory='{folder / 'tensorflow'}'"
        os.environ["TF_XLA_FLAGS"] = f"{flags} {kept} --tf_xla_persistent_cache_device_types=CPU".strip()


def _tidy(folder: Path) -> None:
    """Remove from `folder` what is over `MOST_BYTES`, and files cut off: Keras takes those for the end of the data.

    So go files that were begun an hour ago and have not been finished.
    """
    for begun in folder.glob("*.tmp"):
        if begun.stat().st_mtime < time.time() - HOUR:
            begun.unlink()
    files = sorted(folder.glob("*.pb"), key=os.path.getmtime, reverse=True)
    if not files:
        return
    from google.protobuf.empty_pb2 import Empty
    from google.protobuf.message import DecodeError

    room = MOST_BYTES
    for file in files:
        content = file.read_bytes()
        room -= len(content)
        try:
            Empty.FromString(content)
        except DecodeError:
            content = b""
        if not content or room < 0:
            file.unlink(missing_ok=True)
