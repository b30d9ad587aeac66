"""Programs that XLA compiled, kept so that the next process need not compile them again."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
from pathlib import Path

from keras_dl.accelerate.machine import cache_folder, processor

MOST_BYTES = 2**28
"""of each runtime's programs; the oldest go first"""


def remember_programs() -> None:
    """Have JAX, and TensorFlow on CPUs, keep their programs under XDG_CACHE_HOME. For before either is imported.

    A program is for one processor and one set of XLA_FLAGS, so each has a folder of its own. What the user has set
    about these caches stays; where no folder can be written, or for a TensorFlow of another name, nothing is kept.
    """
    tensorflow = [found.version for found in importlib.metadata.distributions(name="tensorflow")]
    key = [processor(), tensorflow, os.environ.get("XLA_FLAGS")]
    folder = cache_folder() / "xla" / hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    try:
        (folder / "tensorflow").mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if not os.access(folder / "tensorflow", os.W_OK):
        return
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder / "jax"))
    os.environ.setdefault("JAX_COMPILATION_CACHE_MAX_SIZE", str(MOST_BYTES))
    flags = os.environ.get("TF_XLA_FLAGS", "")
    if tensorflow and "persistent_cache" not in flags:
        with contextlib.suppress(FileNotFoundError):  # another process tidies as well
            _tidy(folder / "tensorflow")
        kept = f"--tf_xla_persistent_cache_directory='{folder / 'tensorflow'}'"
        os.environ["TF_XLA_FLAGS"] = f"{flags} {kept} --tf_xla_persistent_cache_device_types=CPU".strip()


def _tidy(folder: Path) -> None:
    """Remove from `folder` what is over `MOST_BYTES`, and files cut off: Keras takes those for the end of the data."""
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
