"""Trials on the machines of a Ray cluster. Ray places them, notices when a machine is lost and starts them elsewhere.

Moritz et al., "Ray: a distributed framework for emerging AI applications", OSDI 2018, arXiv:1712.05889.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import socket
from pathlib import Path
from typing import Any, Self

from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule
from keras_dl.search.child import DIED, Limits
from keras_dl.search.ledger import FAILED
from keras_dl.search.local_pool import SECONDS_TO_SAVE, LocalPool

grpc, ray = LazyModule("grpc"), LazyModule("ray")
SECONDS_TO_ANSWER = 10
LOSSES = 20
"""after so many lost machines a trial has failed"""
BLIND = "blind"
"""in a result: the machine that does not see the folder of the search"""


class RayPool:
    """Runs `function`, named as for `Child`, on folders that all machines of the cluster at `address` share.

    A context, as `LocalPool`. Each trial is a child process of a Ray worker and gets as many processors as let
    `workers` of them run at once, as many threads unless `limits` say otherwise, and a GPU where the cluster has some,
    or with `several_gpus` its share of these too. One whose machine or worker is lost is started on another and goes on
    from its last checkpoint; that is no attempt of the trial.

    Entering it raises `UsageError` where no cluster answers, and `wait` for a machine that does not see the folder.
    """

    def __init__(self, function: str, limits: Limits, address: str, workers: int, *, several_gpus: bool = False):
        self._function, self._limits = function, limits
        self._address, self._workers, self._several_gpus = address, workers, several_gpus
        self._numbers: dict[Any, int] = {}

    def __enter__(self) -> Self:
        handler = signal.getsignal(signal.SIGTERM)
        try:
            if self._address != "auto":  # Ray itself would wait for ever
                host, _, port = self._address.rpartition(":")
                socket.create_connection((host, int(port)), timeout=SECONDS_TO_ANSWER).close()
                if "RAY_USE_TLS" not in os.environ:
                    with grpc.insecure_channel(self._address) as channel:
                        grpc.channel_ready_future(channel).result(SECONDS_TO_ANSWER)
            ray.init(self._address, log_to_driver=False, logging_level=logging.ERROR)
        except grpc.FutureTimeoutError:
            raise UsageError(f"no Ray cluster at {self._address}: what answers there is something else") from None
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"no Ray cluster at {self._address}: {reason}; `ray start --head` starts one") from None
        finally:
            signal.signal(signal.SIGTERM, handler)  # Ray's own leaves without a word
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        processors = _share([int(node.get("CPU", 0)) for node in nodes], self._workers)
        gpus = [int(node.get("GPU", 0)) for node in nodes]
        self._limits = dataclasses.replace(self._limits, threads=self._limits.threads or processors)
        self._remote = ray.remote(
            num_cpus=processors,
            num_gpus=_share(gpus, self._workers) if self._several_gpus else min(1, max(gpus)),
            max_retries=LOSSES,
        )(_run)
        return self

    def __exit__(self, *exception) -> None:
        waiting = list(self._numbers)
        for reference in waiting:
            ray.cancel(reference)
        if waiting:
            _, late = ray.wait(waiting, num_returns=len(waiting), timeout=SECONDS_TO_SAVE)
            for reference in late:
                ray.cancel(reference, force=True)
        ray.shutdown()

    @property
    def threads(self) -> int | None:
        """The threads of each trial."""
        return self._limits.threads

    @property
    def running(self) -> int:
        """How many trials were started whose result was not fetched."""
        return len(self._numbers)

    def start(self, number: int, folder: Path) -> None:
        """Begin the trial `number`, whose order is in `folder`, or go on with it."""
        self._numbers[self._remote.remote(self._function, str(folder.resolve()), self._limits)] = number

    def wait(self) -> tuple[int, dict[str, Any]]:
        """The number and the result of the next trial that ends."""
        (reference,), _ = ray.wait(list(self._numbers), num_returns=1)
        number = self._numbers.pop(reference)
        try:
            result = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise UsageError(f"the cluster cannot run trial {number}: {str(error).splitlines()[-1]}") from None
        except ray.exceptions.RayError as error:
            reason = f"its worker was lost: {type(error).__name__}"
            return number, {"status": FAILED, "reason": reason, DIED: True}
        if BLIND in result:
            raise UsageError(
                f"{result[BLIND]} does not see the folder of trial {number}; --out must be on a file system that all "
                f"machines of the cluster share"
            )
        return number, result


def _share(counts: list[int], workers: int) -> int:
    """The most for each of `workers` that run at once, on machines with these `counts`; at least 1 if there are any."""
    fits = (share for share in range(max(counts), 1, -1) if sum(count // share for count in counts) >= workers)
    return next(fits, min(1, max(counts)))


def _run(function: str, folder: str, limits: Limits) -> dict[str, Any]:
    """On a machine of the cluster: the result of one trial."""
    if not os.path.isdir(folder):
        return {BLIND: socket.gethostname()}
    with LocalPool(function, limits) as pool:
        pool.start(0, Path(folder))
        return pool.wait()[1]
