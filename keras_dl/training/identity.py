"""What a training was begun with, beside its checkpoints: another training does not go on in its place."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_dl import storage
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.names import note
from keras_dl.training.options import Options

FILE = "training.json"


def begun(folder: Path) -> dict[str, Any] | None:
    """What the training in `folder` was begun with, None where there is none. Raises `UsageError` if it is damaged."""
    file = folder / FILE
    return storage.read_checked_json(file) if file.exists() else None


def keep(folder: Path, config: Config, options: Options, parts: dict[str, Sequence[str]]) -> dict[str, Any]:
    """Write down the training that begins in `folder`, or compare it with the one that began there.

    `parts` names what else takes part in it, such as its callbacks. More `epochs` prolong a training; where the
    schedule, or what its last epoch was measured with, depends on their number, a note says what that means. Raises
    `UsageError` naming the first difference. Returns what was begun, without its number of epochs.
    """
    ours = {
        "network": json.loads(config.to_json()),
        "options": {field.name: getattr(options, field.name) for field in dataclasses.fields(Options)},
        **parts,
    }
    ours = json.loads(json.dumps(ours))
    theirs = begun(folder)
    if theirs is not None:
        before, now = theirs["options"]["epochs"], options.epochs
        theirs["options"]["epochs"] = now
        if difference := storage.first_difference(theirs, ours):
            raise UsageError(f"{folder} holds a training with {difference}; choose another folder")
        if now < before:
            raise UsageError(f"{folder} holds a training of {before} epochs; it can be prolonged, not cut to {now}")
        if now > before and options.schedule != "constant":
            note(
                f"the {options.schedule} schedule is now that of {now} epochs; what is done followed that of {before}, "
                f"so the result is not that of a training of {now} from the start"
            )
        if now > before and options.gradient_accumulation_steps:
            note(
                f"epoch {before} was measured with an update from what batches were left over at its end, if any; a "
                f"training of {now} epochs from the start makes none there"
            )
    if theirs is None or now > before:
        storage.write_checked_json(folder / FILE, ours)
    del ours["options"]["epochs"]
    return ours
