"""One option for several devices: strategies of TensorFlow, distributions of Keras on JAX."""

from __future__ import annotations

import contextlib
import re

from keras_dl.accelerate.options import TENSORFLOW, Strategy
from keras_dl.accelerate.workers import workers
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf


def devices(strategy: Strategy | None, config: Config) -> contextlib.AbstractContextManager:
    """A context in which a network of `config` is built for the devices of `strategy`; they stay with the network.

    mirrored takes all GPUs, or all CPU devices where there is none. model_parallel divides the last axis of every
    kernel, or the first where `Config.by_inputs` says so, if its length is a multiple of the number of devices, and
    keeps the rest whole on each. multi_worker waits for the other workers that TF_CONFIG names.

    Raises `UsageError` for the wrong backend, where no TPU answers, and without a TF_CONFIG of several workers.
    """
    backend, needed = keras.backend.backend(), "tensorflow" if strategy in TENSORFLOW else "jax"
    if strategy is not None and needed != backend:
        raise UsageError(f"strategy={strategy} needs KERAS_BACKEND={needed}, this is {backend}")
    if backend == "jax":
        keras.distribution.set_distribution(_distribution(strategy, config))
    if strategy is None or backend == "jax":
        return contextlib.nullcontext()
    if strategy == "multi_worker":
        return workers().scope()
    if strategy == "mirrored":
        found = tf.config.list_logical_devices("GPU")
        if not found:  # TensorFlow's collective reduction makes eight virtual CPUs wait for minutes
            cpus = [device.name for device in tf.config.list_logical_devices("CPU")]
            return tf.distribute.MirroredStrategy(cpus, tf.distribute.ReductionToOneDevice()).scope()
        return tf.distribute.MirroredStrategy([device.name for device in found]).scope()
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect()
    except (ValueError, tf.errors.OpError) as error:
        raise UsageError(f"strategy=tpu: no TPU answers ({str(error).splitlines()[0]})") from None
    return tf.distribute.TPUStrategy(resolver).scope()


def at_work(model: keras.Model, strategy: Strategy | None) -> contextlib.AbstractContextManager:
    """A context in which `model`, built in that of `devices`, is compiled, its optimizer's state made and trained."""
    if strategy not in TENSORFLOW:
        return contextlib.nullcontext()
    return model.distribute_strategy.scope()


def check_batch(model: keras.Model, strategy: Strategy | None, batch_size: int) -> None:
    """Raise `UsageError` unless a batch divides evenly among the devices of `model`."""
    if strategy is None or strategy == "model_parallel":
        return
    count = (
        len(keras.distribution.list_devices())
        if strategy == "data_parallel"
        else model.distribute_strategy.num_replicas_in_sync
    )
    if batch_size % count:
        raise UsageError(
            f"batch_size must be a multiple of {count}, the devices of strategy={strategy}; got {batch_size}"
        )


def _distribution(strategy: Strategy | None, config: Config) -> keras.distribution.Distribution | None:
    if strategy is None:
        return None
    found = keras.distribution.list_devices()
    if strategy == "data_parallel":
        return keras.distribution.DataParallel(devices=found)
    mesh = keras.distribution.DeviceMesh((1, len(found)), ["batch", "model"], found)
    layouts = keras.distribution.LayoutMap(mesh)
    with keras.StatelessScope(initialize_variables=False):
        weights = config.build().weights
    for weight in weights:
        axes = len(weight.shape)
        divided = 0 if weight.path.split("/")[-2].endswith(config.by_inputs) else axes - 1
        if axes > 1 and weight.shape[divided] % len(found) == 0:
            layouts[f"^{re.escape(weight.path)}$"] = tuple("model" if axis == divided else None for axis in range(axes))
    return keras.distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch")
