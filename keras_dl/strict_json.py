"""JSON of files that may come from anybody: one reading of every text, or a `UsageError`."""

from __future__ import annotations

import json
from typing import Any

from keras_dl.errors import UsageError


def parse(text: str | bytes, source: object) -> Any:
    """The value of a JSON `text`, UTF-8 if it is bytes; `source` is what the message calls it.

    Raises `UsageError` for what is no JSON, names a key twice or is nested too deeply.
    """
    try:
        return json.loads(text.decode("utf-8") if isinstance(text, bytes) else text, object_pairs_hook=_without_twins)
    except RecursionError:
        raise UsageError(f"{source} is no JSON that can be read: it is nested too deeply") from None
    except ValueError as error:
        raise UsageError(f"{source} is no JSON that can be read: {error}") from None


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"it has the key {key!r} twice")
        found[key] = value
    return found
