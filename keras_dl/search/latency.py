"""How long a network takes for one input, measured in a process that ends afterwards."""

from __future__ import annotations

import statistics
import time

import numpy as np

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.search.helper import Helper, Unanswered

WARM_UP, RUNS, SECONDS = 3, 10, 0.3
FAR, FEW = 2, 3
"""one that takes so many times the limit in so many runs is not run any more"""
MOST_SECONDS = 300


def measured(config: Config, helper: Helper, most: float | None = None) -> float:
    """Milliseconds of a compiled forward pass for a batch of 1 of the freshly built network, as `helper` finds them.

    It is run for 0.3 seconds and 10 times at least, and the median counts; so what else the machine does at the time
    counts too. A few runs are enough for one that takes far longer than `most`. Raises `UsageError` if it cannot be
    run.
    """
    try:
        return helper.ask("keras_dl.search.latency:milliseconds", config, most, seconds=MOST_SECONDS)
    except Unanswered as error:
        raise UsageError(f"{config.family} could not be run to measure its latency: {error}") from None


def milliseconds(config: Config, most: float | None = None) -> float:
    """The median time of a compiled forward pass of a freshly built network, here and now."""
    keras.utils.clear_session()
    model = config.build()
    forward = tf.function(lambda inputs: model(inputs, training=False))
    inputs = keras.tree.map_structure(lambda tensor: _zeros(tensor, config), model.input)
    forward(inputs)
    hopeless = float("inf") if most is None else FAR * most / 1000
    times: list[float] = []
    while len(times) < WARM_UP + RUNS or sum(times[WARM_UP:]) < SECONDS:
        began = time.perf_counter()
        keras.tree.map_structure(np.asarray, forward(inputs))
        times.append(time.perf_counter() - began)
        if len(times) >= FEW and min(times) > hopeless:
            return round(1000 * statistics.median(times), 4)
    return round(1000 * statistics.median(times[WARM_UP:]), 4)


def _zeros(tensor: keras.KerasTensor, config: Config) -> tf.Tensor:
    """What one input may be; sides that are open in the model are those of `config`."""
    shape = config.input_shape if None in tensor.shape[1:] else tensor.shape[1:]
    return tf.zeros((1, *shape), keras.backend.standardize_dtype(tensor.dtype))
