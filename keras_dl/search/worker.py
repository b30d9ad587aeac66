"""One trial in a process of its own: whatever becomes of it, the search hears of it in words and goes on."""

from __future__ import annotations

import dataclasses
import json
import math
import multiprocessing
import os
import shutil
import signal
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock

from keras_dl import saved_model, storage
from keras_dl.config import Config
from keras_dl.data import load
from keras_dl.search.ledger import COMPLETED, FAILED
from keras_dl.training import Interrupted, Options, fit, seed_everything

RESULT, MODEL, LOG = "result.json", "model", "log.txt"
SECONDS_TO_SAVE = 30


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """All that a machine needs to run one trial.

    `data` are the arguments of `keras_dl.data.load`. The trial lives in `folder`; with `parent`, the folder of an
    earlier trial of the same network and seed, it goes on where that one stopped. It is ended after `timeout` seconds.
    """

    folder: Path
    config: Config
    options: Options
    data: dict[str, Any]
    parent: Path | None = None
    timeout: float | None = None


def run_trial(task: Task) -> dict[str, Any]:
    """Run `task` to its end; this is all that a search knows of how and where its trials run.

    Returns "status": "completed" with "val_accuracy" after the last epoch, "epochs" and "seconds", or "failed" with
    "reason". What a trial did before it was cut off is not done again. `task.folder` then holds its model.
    """
    storage.write_json(
        task.folder / "task.json",
        {
            "config": json.loads(task.config.to_json()),
            "options": dataclasses.asdict(task.options),
            "data": task.data,
            "parent": None if task.parent is None else str(task.parent.resolve()),
        },
    )
    return isolated(train, task.folder, task.timeout)


def isolated(function: Callable[[Path], dict[str, Any]], folder: Path, timeout: float | None) -> dict[str, Any]:
    """The result of `function(folder)`, an importable function, run in a child of a fork server.

    The server imports TensorFlow once. An exception, a signal, a figure that is not finite or more than `timeout`
    seconds make a result with status "failed" and a "reason". On an interruption here the child saves and ends too.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "keras_dl.search.oracle"])  # the latter imports TensorFlow
    process = context.Process(target=_work, args=(function, folder.resolve()), daemon=True)
    process.start()
    try:
        process.join(timeout)
        late = process.is_alive()
        if late:
            process.kill()
            process.join()
    except BaseException:
        process.terminate()
        process.join(SECONDS_TO_SAVE)
        process.kill()
        raise
    if (folder / RESULT).exists():
        return json.loads((folder / RESULT).read_text(encoding="utf-8"))
    if late:
        return {"status": FAILED, "reason": f"took longer than {timeout:g} seconds"}
    return {"status": FAILED, "reason": _death(process.exitcode)}


def train(folder: Path) -> dict[str, Any]:
    """Train the trial whose task is in `folder`, save its model there and return its result."""
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    config, options = Config.from_json(json.dumps(task["config"])), Options(**task["options"])
    data = load(**task["data"])
    if data.spec.kind == "image":
        data = data.resized(config.input_shape)
    if task["parent"] is not None:
        _inherit(Path(task["parent"]) / "checkpoints", folder / "checkpoints")
    seed_everything(options)
    model = config.build()
    rows = fit(model, config, data, options, folder, verbose=0)
    result = {
        "status": COMPLETED,
        "val_accuracy": rows[-1]["val_accuracy"],
        "epochs": len(rows),
        "seconds": round(sum(row["seconds"] for row in rows), 3),
    }
    saved_model.save(model, folder / MODEL, config=config, class_names=data.spec.class_names, facts=result)
    return result


def _inherit(theirs: Path, ours: Path) -> None:
    """Copy a parent's checkpoints, all or none; without them training starts at epoch 0 and ends in the same bits."""
    if theirs.exists() and not ours.exists():
        part = ours.with_name(".checkpoints.tmp")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(theirs, part)
        os.replace(part, ours)


def _work(function: Callable[[Path], dict[str, Any]], folder: Path) -> None:
    """What the child does. It leads a session of its own, so Ctrl-C reaches it only by way of the search."""
    os.setsid()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with filelock.FileLock(folder / ".trial.lock"):  # the child of a search that was killed may be about to end
        if (folder / RESULT).exists():
            return
        try:
            result = function(folder)
            accuracy = result["val_accuracy"]
            if not math.isfinite(accuracy):
                result = {"status": FAILED, "reason": f"val_accuracy is {accuracy}"}
        except Interrupted as interruption:
            raise SystemExit(interruption.exit_code) from None
        except Exception as error:
            traceback.print_exc()
            reason = next(iter(str(error).splitlines()), "")
            result = {"status": FAILED, "reason": f"{type(error).__name__}: {reason}"}
        storage.write_json(folder / RESULT, result)


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _death(exitcode: int) -> str:
    if exitcode < 0:
        name = signal.Signals(-exitcode).name
        return f"killed by {name}" + (", perhaps for want of memory" if name == "SIGKILL" else "")
    return f"its process ended with status {exitcode}; see {LOG} in its folder"
