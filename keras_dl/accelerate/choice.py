"""Which of XLA, oneDNN and threads make a step of this network fastest on this machine: measured once, remembered."""

from __future__ import annotations

import contextlib
import contextvars
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_dl import storage
from keras_dl.accelerate.machine import cache_folder, processor
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf

if TYPE_CHECKING:
    from keras_dl.training import Options

ONEDNN, THREADS = "TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTRAOP_THREADS"
WORTH = 0.95
"""a candidate must take at most so much of the default step, or noise would choose"""
TIMEOUT = 300
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


def fastest_xla(config: Config, options: Options) -> bool:
    """Whether a training of `config` with `options` should use XLA; prints what was chosen, and by what figure.

    The first time, child processes time a few steps without and with XLA, and the figures are kept under
    XDG_CACHE_HOME. Where the run can start anew, within `restarts`, the other setting of oneDNN and a single thread for
    each operation are candidates too, unless the user has set TF_ENABLE_ONEDNN_OPTS or TF_NUM_INTRAOP_THREADS.

    Raises `AnotherEnvironment` if one of these wins, and `UsageError` on a backend that always compiles,
    or if nothing could be measured.
    """
    if keras.backend.backend() != "tensorflow":
        raise UsageError(f"xla=auto chooses for TensorFlow; {keras.backend.backend()} has its own way, leave xla out")
    from keras_dl.accelerate.measure import onednn

    present = onednn(), os.environ.get(THREADS, "all")
    environments = {present: {}}
    if _restarts.get() and ONEDNN not in os.environ:
        environments[not present[0], present[1]] = {ONEDNN: str(int(not present[0]))}
    if _restarts.get() and THREADS not in os.environ:
        environments[present[0], "1"] = {THREADS: "1"}
    figures = _figures(config, options, environments)
    default = figures.get((*present, False))
    if default is None:
        raise UsageError(f"a training step of {config.family} could not be timed; use xla=False")
    best = min(figures, key=lambda candidate: figures[candidate])
    if figures[best] > WORTH * default:
        best = (*present, False)
    mkl, threads, xla = best
    words = f"oneDNN: {'on' if mkl else 'off'}, threads: {threads}, XLA: {'on' if xla else 'off'}"
    print(f"{words}, measured {figures[best] / default:.2f} of the default step ({1000 * default:.0f} ms)")
    if environments[mkl, threads]:
        raise AnotherEnvironment(environments[mkl, threads])
    return xla


def _figures(
    config: Config, options: Options, environments: dict[tuple[bool, str], dict[str, str]]
) -> dict[tuple[bool, str, bool], float]:
    """Seconds of a step by (oneDNN, threads, XLA), for `environments` by their first two; what failed is left out."""
    request = {
        "config": json.loads(config.to_json()),
        "options": {name: getattr(options, name) for name in DECISIVE},
    }
    file = _cache_file(request)
    known = {tuple(candidate): seconds for candidate, seconds in _read(file)}
    for setting, environment in environments.items():
        if (*setting, False) not in known:
            found = _timed(request, environment)
            known |= {(*setting, xla): found.get(xla) for xla in (False, True)}
            storage.write_json(file, list(known.items()))
    return {candidate: known[candidate] for candidate in known if candidate[:2] in environments and known[candidate]}


def _timed(request: dict[str, Any], environment: dict[str, str]) -> dict[bool, float | None]:
    """Seconds of a step by XLA, in a process with the variables `environment`; what took too long is missing."""
    command = [sys.executable, "-m", "keras_dl.accelerate.measure"]
    everything = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        output = subprocess.run(
            command, input=json.dumps(request).encode(), env=everything, capture_output=True, timeout=TIMEOUT
        ).stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.output or b""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith(b"{")]
    return {line["xla"]: line["seconds"] for line in lines}


def _cache_file(request: dict[str, Any]) -> Path:
    devices = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    machine = {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "devices": [details.get("device_name") for details in devices],
        "versions": [keras.__version__, tf.__version__],
    }
    key = hashlib.sha256(json.dumps([request, machine], sort_keys=True).encode()).hexdigest()
    return cache_folder() / "accelerate" / f"{key[:32]}.json"


def _read(file: Path) -> list:
    with contextlib.suppress(OSError, ValueError):
        return json.loads(file.read_text(encoding="utf-8"))
    return []
