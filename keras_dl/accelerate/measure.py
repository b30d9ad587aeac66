"""Times training steps of one network: `python -m keras_dl.accelerate.measure` reads a request, prints JSON lines."""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import numpy as np

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.training import Options, build
from keras_dl.training.objective import compile_model

WARM_UP, STEPS, SECONDS = 2, 10, 4.0
HOPELESS = 1.5
"""after two steps, so many times the best so far is enough to know"""


def onednn() -> bool:
    """Whether TensorFlow uses oneDNN in this process."""
    from tensorflow.python.util import _pywrap_util_port

    return _pywrap_util_port.IsMklEnabled()


def step_seconds(config: Config, options: Options, best: float) -> float | None:
    """The median seconds of a training step on a batch of noise; None where XLA cannot compile it."""
    model = build(config, options)
    batch = options.batch_size
    x = np.random.default_rng(0).random((batch, *config.input_shape), "float32")
    y = np.zeros((batch, *model.output_shape[1:-1]), "int64")
    times: list[float] = []
    try:
        compile_model(model, config, options, STEPS)
        for _ in range(WARM_UP):
            model.train_on_batch(x, y)
    except (UsageError, tf.errors.OpError):
        return None
    while len(times) < STEPS and sum(times) < SECONDS:
        began = time.perf_counter()
        model.train_on_batch(x, y)
        times.append(time.perf_counter() - began)
        if len(times) >= 2 and min(times) > HOPELESS * best:
            break
    return statistics.median(times)


def answer(request: dict[str, Any]) -> None:
    """Print what steps take without and with XLA, each as soon as it is known."""
    config, best = Config.from_json(json.dumps(request["config"])), float("inf")
    for xla in (False, True):
        options = Options(**request["options"], deterministic=False, xla=xla)
        seconds = step_seconds(config, options, best)
        print(json.dumps({"xla": xla, "seconds": seconds}), flush=True)
        best = min(best, seconds or best)
        keras.utils.clear_session()


if __name__ == "__main__":
    answer(json.load(sys.stdin))
