"""What kind of machine this is, and where keras_dl remembers what it learned about it."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path

TELLING = ("model name", "flags", "CPU part", "Features")


def cache_folder() -> Path:
    """The folder of keras_dl under XDG_CACHE_HOME, by default ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keras_dl"


def processor() -> str:
    """The processor and its instruction sets, in words that differ where programs compiled for it may not run."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return "\n".join(sorted({line for line in lines if line.startswith(TELLING)}))
    return f"{platform.machine()} {platform.processor()}"
