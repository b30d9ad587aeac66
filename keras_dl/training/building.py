"""A network, built under the options that must be known before its first weight."""

from __future__ import annotations

import contextlib

from keras_dl import saved_model
from keras_dl.accelerate.devices import devices
from keras_dl.accelerate.rematerialization import rematerialize_stages
from keras_dl.config import Config
from keras_dl.lazy import keras, settings_of_keras, tf
from keras_dl.training.options import Options
from keras_dl.training.seeding import seed_everything

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def build(config: Config, options: Options, weights: str | None = None) -> keras.Model:
    """A network of `config` for the precision and devices of `options`, its weights drawn by `options.seed`.

    It starts from `weights`, if given, as `keras_dl.build` does. Raises `UsageError` for devices that are not there.
    """
    if options.precision != "float32" and not tf.config.list_physical_devices("GPU") and options.strategy != "tpu":
        print(f"note: {options.precision} is slower than float32 on most CPUs")
    again = keras.RematScope("activations") if options.rematerialize else contextlib.nullcontext()
    with settings_of_keras(), devices(options.strategy, config), again:
        keras.config.set_dtype_policy(POLICIES[options.precision])
        seed_everything(options)
        network = saved_model.build(config, weights=weights)
        if options.rematerialize:
            rematerialize_stages(network)
        return network
