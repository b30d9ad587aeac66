"""Trains a small language model on virtual devices of JAX: `language_job.py DEVICES FOLDER NAME MODE ...`.

A mode is a strategy, "single" for one device or "stages" for one that rematerialises. FOLDER/MODE.npz gets the weights
by their paths, the losses, and the paths of those that lie in parts.
"""

import os
import sys
from pathlib import Path

import numpy as np

from keras_dl import get_config
from keras_dl.data import Data, Split
from keras_dl.data.spec import Column, Spec
from keras_dl.tasks import get_task
from keras_dl.training import Options, build, fit

count, folder, name, *modes = sys.argv[1:]
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={count}"
SIZES = {
    "gpt2_small": {"blocks": 2, "heads": 8, "head_width": 8, "dropout": 0.0},
    "llama_7b": {"blocks": 2, "heads": 8, "width": 128, "unit_multiple": 8},
}
TEXT = "the cat sat on the mat and the dog sat on the log. " * 12
PART = 16 * 32 + 1
"""characters of a split: as many windows as four batches hold"""


def text(place: int) -> Split:
    return Split({"text": np.array([TEXT[place : place + PART]], object)})


spec = Spec(name="toy", columns={"text": Column(kind="text")})
data = Data(spec=spec, train=text(0), validation=text(1), test=text(2))
task = get_task("language_modeling")
config, data = task.adapt(get_config(name, length=16, **SIZES[name]), data)
for mode in modes:
    strategy = mode if mode.endswith("_parallel") else None
    options = Options(
        epochs=2, batch_size=8, optimizer="sgd", learning_rate=0.1, strategy=strategy, rematerialize=mode == "stages"
    )
    network = build(config, options)
    rows = fit(network, config, data, options, Path(folder) / mode, task=task, verbose=0)
    weights = {variable.path: np.asarray(variable.value) for variable in network.weights}
    parts = [variable.path for variable in network.weights if not variable.value.sharding.is_fully_replicated]
    losses = [row[key] for row in rows for key in ("loss", "val_loss")]
    np.savez(Path(folder) / f"{mode}.npz", losses=losses, parts=parts, **weights)
