"""What a trial has written of its epochs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def whole_rows(folder: Path, key: str) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl in `folder`, with "epoch", "seconds" and `key`; what is not whole is left out."""
    try:
        lines = (folder / "metrics.jsonl").read_bytes().splitlines()
    except OSError:
        return []
    return [row for line in lines if (row := _row(line, key)) is not None]


def _row(line: bytes, key: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
        return row if all(isinstance(row[name], int | float) for name in ("epoch", "seconds", key)) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
