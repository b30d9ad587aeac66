"""Several machines: MultiWorkerMirroredStrategy, and what Keras 3.15 needs to train under it."""

from __future__ import annotations

import functools
import json
import os

from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf


@functools.cache
def workers() -> tf.distribute.MultiWorkerMirroredStrategy:
    """The strategy of this process, which TF_CONFIG makes one of several workers.

    Raises `UsageError` if TF_CONFIG names no other, or is not what TensorFlow documents.
    """
    try:
        setup = json.loads(os.environ.get("TF_CONFIG", ""))
        setup["cluster"][setup["task"]["type"]][setup["task"]["index"]]
        alone = sum(len(hosts) for hosts in setup["cluster"].values()) < 2
    except (ValueError, LookupError, TypeError, AttributeError):
        alone = True
    if alone:
        wanted = '{"cluster": {"worker": ["HOST:PORT", "HOST:PORT"]}, "task": {"type": "worker", "index": 0}}'
        raise UsageError(f"strategy=multi_worker needs TF_CONFIG={wanted} with an index of its own in each process")
    return tf.distribute.MultiWorkerMirroredStrategy()


def together() -> bool:
    """Whether the strategy in scope has other workers, with whom this one must read and write its variables in step."""
    return isinstance(tf.distribute.get_strategy(), tf.distribute.MultiWorkerMirroredStrategy)


def any_worker(value: bool) -> bool:
    """Whether `value` is true for any worker; all of them must ask."""
    if not together():
        return value
    strategy = tf.distribute.get_strategy()
    return bool(strategy.reduce("SUM", tf.constant(int(value)), axis=None) > 0)


def prepare(model: keras.Model, example: tuple) -> None:
    """Make `model`, compiled, fit for `fit` under the strategy of its workers; `example` is a batch for it.

    Keras 3.15 would fail in two places: it builds the metrics from the mean of a batch over the replicas, asked for
    outside of a program; and it asks for the mean over an axis of what a step reports, which are scalars.
    """
    model._symbolic_build(data_batch=example)
    model._maybe_symbolic_build = lambda iterator=None, data_batch=None: None
    model.train_step, model.test_step = _reporting_vectors(model.train_step), _reporting_vectors(model.test_step)


def _reporting_vectors(step):
    def reporting(data):
        return {name: tf.reshape(value, (1,)) for name, value in step(data).items()}

    return reporting
