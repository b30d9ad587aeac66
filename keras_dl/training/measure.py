"""Times training steps of one network, as it is told: `python -m keras_dl.training.measure`.

It answers the request, a line of JSON, by the list of those of XLA off and on that compile. Each further line is one
of them; some steps are taken that way and their median seconds are the answer. It ends with its input.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_dl.catalogue import read_config
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.learning.task import Task
from keras_dl.tasks import from_json
from keras_dl.training import Options, build
from keras_dl.training.objective import compile_model

WARM_UP, STEPS, SECONDS = 2, 20, 0.3
"""steps before the first turn; steps and seconds of a turn at most, but a step at least"""


def onednn() -> bool:
    """Whether TensorFlow uses oneDNN in this process."""
    from tensorflow.python.util import _pywrap_util_port

    return _pywrap_util_port.IsMklEnabled()


def compiled_step(config: Config, options: Options, task: Task) -> Callable[[], Any] | None:
    """A training step on a batch of noise, after a few of them; None where XLA cannot compile it."""
    network = build(config, options)
    learner = task.learner(network, config, options)
    x, *targets = task.example(network, options.batch_size)
    generator = np.random.default_rng(0)
    x = keras.tree.map_structure(
        lambda one: generator.random(one.shape, "float32") if one.dtype.kind == "f" else one, x
    )
    try:
        compile_model(learner, config, options, STEPS, task)
        for _ in range(WARM_UP):
            learner.train_on_batch(x, *targets)
    except (UsageError, tf.errors.OpError):
        return None
    return lambda: learner.train_on_batch(x, *targets)


def turn(step: Callable[[], Any]) -> float:
    """The median seconds of some steps."""
    times: list[float] = []
    while not times or (len(times) < STEPS and sum(times) < SECONDS):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    request = json.loads(sys.stdin.readline())
    config, task = read_config(json.dumps(request["config"])), from_json(request["task"])
    steps = {}
    for xla in (False, True):
        step = compiled_step(config, Options(**request["options"], deterministic=False, xla=xla), task)
        if step is not None:
            steps[xla] = step
    print(json.dumps(list(steps)), flush=True)
    for line in sys.stdin:
        print(turn(steps[json.loads(line)]), flush=True)


if __name__ == "__main__":
    main()
