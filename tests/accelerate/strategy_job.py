"""Trains a small network for a strategy: `python strategy_job.py DEVICES FOLDER STRATEGY ...`, none being one of them.

KERAS_BACKEND decides who has so many virtual devices. FOLDER/STRATEGY.npz gets the weights and the metrics.
"""

import os
import sys
from pathlib import Path

import numpy as np

from keras_dl import get_config
from keras_dl.data import Data, Spec
from keras_dl.data.split import Split
from keras_dl.lazy import keras, tf
from keras_dl.training import Options, build, fit

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
    pictures = generator.normal(size=(examples, 8, 8, 1)).astype("float32") + labels[:, None, None, None]
    splits[name] = Split(pictures, labels, (8, 8, 1))
spec = Spec(name="noise", kind="image", shape=(8, 8, 1), classes=4, class_names=tuple("abcd"), counts=SPLITS)
config = get_config("mlp", hidden=(8,)).for_data(spec)

for strategy in strategies:
    options = Options(
        epochs=1,
        batch_size=16,
        optimizer="momentum",
        learning_rate=0.01,
        strategy=None if strategy == "none" else strategy,
    )
    model = build(config, options)
    kernel = model.layers[-1].kernel.value
    parts = len(kernel.sharding.device_set) if hasattr(kernel, "sharding") else len(getattr(kernel, "values", [0]))
    whole = kernel.sharding.is_fully_replicated if hasattr(kernel, "sharding") else True
    rows = fit(model, config, Data(spec=spec, **splits), options, Path(folder) / strategy, verbose=0)
    metrics = [row[key] for row in rows for key in ("loss", "accuracy", "val_loss", "val_accuracy")]
    np.savez(Path(folder) / f"{strategy}.npz", *model.get_weights(), metrics=metrics, parts=parts, whole=whole)
