"""What kind of machine this is, and where keras_dl remembers what it learned about it."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path

TELLING = ("model name", "flags", "CPU part", "Features")


def cache_folder() -> Path:
    """The folder of keras_dl under XDG_CACHE_HOME, by default ~/.cache. Raises `OSError` where nobody is at home."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    if not folder.is_absolute():
        raise FileNotFoundError(f"XDG_CACHE_HOME or HOME must be an absolute path, got {folder}")
    return folder / "keras_dl"


def processor() -> str:
    """The processor and its instruction sets, in words that differ where programs compiled for it may not run."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return "\n".join(sorted({line for line in lines if line.startswith(TELLING)}))
    return f"{platform.machine()} {platform.processor()}"


def cores() -> list[int]:
    """The processors that this process may use, by number."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
