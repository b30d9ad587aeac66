"""Which of XLA, oneDNN and threads make a step of this network fastest on this machine: measured once, remembered."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import hashlib
import json
import os
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_dl import storage
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.lazy.machine import cache_folder, cores, processor
from keras_dl.learning.task import Task
from keras_dl.training import turns
from keras_dl.training.turns import Candidate, Setting

if TYPE_CHECKING:
    from keras_dl.training import Options

ONEDNN, THREADS = "TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTRAOP_THREADS"
WORTH = 0.95
"""a candidate that wins must take less of the default step, by more than the spread of the rounds"""
QUIET = 0.1
"""the share of the processors that other work may take while figures are measured that are remembered"""
FILE = "acceleration.json"
"""of a run: its choice"""
FOLDER = "accelerate"
"""of the cache: the figures"""
DECISIVE = ("batch_size", "optimizer", "gradient_accumulation_steps", "ema_momentum", "precision", "rematerialize")

_restarts = contextvars.ContextVar("restarts", default=False)


class AnotherEnvironment(Exception):
    """The run should start anew with the variables `environment`, which TensorFlow reads when it is imported."""

    def __init__(self, environment: dict[str, str]):
        super().__init__(str(environment))
        self.environment = environment


@contextlib.contextmanager
def restarts() -> Iterator[None]:
    """Within it `fastest_xla` may raise `AnotherEnvironment`."""
    token = _restarts.set(True)
    try:
        yield
    finally:
        _restarts.reset(token)


@dataclasses.dataclass(frozen=True)
class Figures:
    """Seconds of a step of each candidate, one a round, and how many processors had other work meanwhile."""

    seconds: dict[Candidate, list[float]]
    load: float

    @property
    def quiet(self) -> bool:
        return self.load <= QUIET * len(cores())

    def fastest(self, default: Candidate) -> tuple[Candidate, float]:
        """What wins against `default`, or that, and its share of the default step.

        The rounds are compared one by one. The median share, and the range of the middle half of the shares above it,
        must stay below `WORTH`, or noise would choose.
        """
        winning = {}
        for candidate, seconds in self.seconds.items():
            shares = [one / other for one, other in zip(seconds, self.seconds[default], strict=True)]
            low, middle, high = statistics.quantiles(shares, n=4)
            if middle + high - low < WORTH:
                winning[candidate] = middle
        best = min(winning, key=lambda candidate: winning[candidate], default=default)
        return best, winning.get(best, 1.0)


def fastest_xla(config: Config, options: Options, folder: Path, task: Task) -> bool:
    """Whether the training of `config` with `options` in `folder` by `task` should use XLA; prints what won, and how.

    The choice is kept in `folder`, and a training that goes on there has it again. For a new one, child processes take
    turns at a few steps without and with XLA, for 90 seconds or five rounds once they have compiled, and their figures
    are kept under XDG_CACHE_HOME where that can be written to; those that were measured while the machine had other
    work serve this once. Where the run can start anew, within `restarts`, the other setting of oneDNN and a single
    thread for each operation are candidates too, unless the user has set TF_ENABLE_ONEDNN_OPTS or
    TF_NUM_INTRAOP_THREADS.

    Raises `AnotherEnvironment` if one of these wins, and `UsageError` on a backend that always compiles,
    if nothing could be measured, or if what `folder` holds is damaged.
    """
    if keras.backend.backend() != "tensorflow":
        raise UsageError(f"xla=auto chooses for TensorFlow; {keras.backend.backend()} has its own way, leave xla out")
    if (folder / FILE).exists():
        choice = storage.read_checked_json(folder / FILE)
    else:
        choice = _choice(config, options, task)
        storage.write_checked_json(folder / FILE, choice)
    missing = {name: value for name, value in choice["environment"].items() if name not in os.environ}
    if missing and _restarts.get():
        raise AnotherEnvironment(missing)
    return choice["xla"]


def _choice(config: Config, options: Options, task: Task) -> dict[str, Any]:
    from keras_dl.training.measure import onednn

    present = onednn(), os.environ.get(THREADS, "all")
    environments = {present: {}}
    if _restarts.get() and ONEDNN not in os.environ:
        environments[not present[0], present[1]] = {ONEDNN: str(int(not present[0]))}
    if _restarts.get() and THREADS not in os.environ:
        environments[present[0], "1"] = {THREADS: "1"}
    default = (*present, False)
    figures = _figures(config, options, task, environments, default)
    if default not in figures.seconds:
        raise UsageError(f"a training step of {config.family} could not be timed; use xla=False")
    (mkl, threads, xla), share = figures.fastest(default)
    words = f"oneDNN: {'on' if mkl else 'off'}, threads: {threads}, XLA: {'on' if xla else 'off'}"
    step = 1000 * statistics.median(figures.seconds[default])
    print(f"{words}, measured {share:.2f} of the default step ({step:.3g} ms)")
    if not figures.quiet:
        print(f"note: other work took {figures.load:.1f} of {len(cores())} processors; the next run measures again")
    return {"xla": xla, "environment": environments[mkl, threads]}


def _figures(
    config: Config, options: Options, task: Task, environments: dict[Setting, dict[str, str]], default: Candidate
) -> Figures:
    """The figures for `environments`, from the cache if they are there and were measured on a quiet machine."""
    request = {
        "config": json.loads(config.to_json()),
        "task": task.to_json(),
        "options": {name: getattr(options, name) for name in DECISIVE},
    }
    name = _cache_name([request, *environments])
    known = _read(name)
    if known is not None and known.quiet and default in known.seconds:
        return known
    found = Figures(*turns.timed(request, environments, default))
    with contextlib.suppress(OSError):
        folder = cache_folder() / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        storage.write_json(folder / name, {"seconds": list(found.seconds.items()), "load": found.load})
    return found


def _cache_name(request: Any) -> str:
    devices = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    machine = {
        "processor": processor(),
        "cores": len(cores()),
        "devices": [details.get("device_name") for details in devices],
        "versions": [keras.__version__, tf.__version__],
    }
    key = hashlib.sha256(json.dumps([request, machine], sort_keys=True).encode()).hexdigest()
    return f"{key[:32]}.json"


def _read(name: str) -> Figures | None:
    """What the file `name` of the cache holds, None unless it is all there."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        known = json.loads((cache_folder() / FOLDER / name).read_text(encoding="utf-8"))
        seconds = {tuple(candidate): [float(one) for one in row] for candidate, row in known["seconds"]}
        if len({len(row) for row in seconds.values()}) == 1 and min(map(min, seconds.values())) > 0:
            return Figures(seconds, float(known["load"]))
    return None
