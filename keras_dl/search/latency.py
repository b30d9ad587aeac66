"""How long a network takes for one input, measured in a process that ends afterwards."""

from __future__ import annotations

import signal
import statistics
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import tf
from keras_dl.search.child import TRAIN, start_server

WARM_UP, RUNS, SECONDS = 3, 10, 0.3


def measured(configs: Sequence[Config]) -> list[float]:
    """Milliseconds of a compiled forward pass for a batch of 1 of each freshly built network.

    All are measured one after the other in one child of the fork server, each for 0.3 seconds and 10 runs at least; the
    median counts. So what else the machine does at the time counts too. Raises `UsageError` if the child dies.
    """
    context = start_server(TRAIN)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, configs), daemon=True)
    process.start()
    sender.close()
    times: list[float] = []
    try:
        for config in configs:
            try:
                times.append(receiver.recv())
            except EOFError:
                raise UsageError(f"{config.family} could not be run to measure its latency") from None
    finally:
        process.kill()
        process.join()
    return times


def milliseconds(config: Config) -> float:
    """The median time of a compiled forward pass of a freshly built network, here and now."""
    model = config.build()
    forward = tf.function(lambda inputs: model(inputs, training=False))
    inputs = tf.zeros((1, *config.input_shape))
    for _ in range(WARM_UP):
        forward(inputs)
    times: list[float] = []
    while len(times) < RUNS or sum(times) < SECONDS:
        began = time.perf_counter()
        forward(inputs).numpy()
        times.append(time.perf_counter() - began)
    return round(1000 * statistics.median(times), 4)


def _send(sender: Connection, configs: Sequence[Config]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the search ends this process
    for config in configs:
        sender.send(milliseconds(config))
