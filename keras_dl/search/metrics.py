"""What a trial has written of its epochs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NUMBERS = ("epoch", "val_accuracy", "seconds")


def whole_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl in `folder`; a line that is being written, or is damaged, is left out."""
    try:
        lines = (folder / "metrics.jsonl").read_bytes().splitlines()
    except OSError:
        return []
    return [row for row in map(_row, lines) if row is not None]


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
        return row if all(isinstance(row[name], int | float) for name in NUMBERS) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
