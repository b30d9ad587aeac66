"""Trains a small network for a strategy: `python strategy_job.py DEVICES FOLDER STRATEGY ...`, none being one of them.

KERAS_BACKEND decides who has so many virtual devices. FOLDER/STRATEGY.npz gets the weights and the metrics. Under
multi_worker the first worker gets a signal in its first epoch, which all stop for, and then all go on.
"""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

from keras_dl import get_config
from keras_dl.data import Data, Spec
from keras_dl.data.split import Split
from keras_dl.lazy import keras, tf
from keras_dl.training import Interrupted, Options, build, fit

count, folder, *strategies = sys.argv[1:]
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={count}"
SPLITS = {"train": 64, "validation": 21, "test": 4}

if keras.backend.backend() == "tensorflow":
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(count))

generator = np.random.default_rng(0)
splits = {}
for name, examples in SPLITS.items():
    labels = generator.integers(0, 4, examples)
    pictures = 20 * generator.normal(size=(examples, 8, 8, 1)) + 20 * labels[:, None, None, None] + 100
    pictures = pictures.clip(0, 255).astype("float32")
    splits[name] = Split({"image": pictures, "label": labels})
spec = Spec.labelled(name="noise", kind="image", shape=(8, 8, 1), classes=4, class_names=tuple("abcd"), counts=SPLITS)
config = get_config("mlp", hidden=(8,)).for_data(spec)


class Terminated(keras.callbacks.Callback):
    """A signal to this process after its first step, if it is `wanted`; a training that goes on wants none."""

    def __init__(self, wanted):
        super().__init__()
        self._wanted = wanted

    def get_state(self):
        return {}

    def set_state(self, state):
        pass

    def on_train_batch_end(self, batch, logs=None):
        if self._wanted:
            self._wanted = False
            signal.raise_signal(signal.SIGTERM)


def train(options, terminated=False):
    model, data = build(config, options), Data(spec=spec, **splits)
    target = Path(folder) / str(options.strategy)
    return model, fit(model, config, data, options, target, callbacks=[Terminated(terminated)], verbose=0)


for strategy in strategies:
    options = Options(
        epochs=2,
        batch_size=16,
        optimizer="momentum",
        learning_rate=0.01,
        strategy=None if strategy == "none" else strategy,
    )
    if strategy == "multi_worker":
        try:
            train(options, terminated=json.loads(os.environ["TF_CONFIG"])["task"]["index"] == 0)
            sys.exit("it did not stop")
        except Interrupted as stop:
            assert "in epoch 1, state saved" in str(stop)
    model, rows = train(options)
    kernel = model.layers[-1].kernel.value
    parts = len(kernel.sharding.device_set) if hasattr(kernel, "sharding") else len(getattr(kernel, "values", [0]))
    whole = kernel.sharding.is_fully_replicated if hasattr(kernel, "sharding") else True
    metrics = [row[key] for row in rows for key in ("loss", "accuracy", "val_loss", "val_accuracy")]
    np.savez(Path(folder) / f"{strategy}.npz", *model.get_weights(), metrics=metrics, parts=parts, whole=whole)
