"""Runs saved models on JAX: `python jax_job.py FOLDER ...`, each with model/, inputs.npy and labels.npy.

Each gets outputs.npy, and lowered.json: what a training step could be lowered for, as StableHLO.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np
from jax import export

import keras_dl
from keras_dl.export.jax_job import PLATFORMS
from keras_dl.saved_model import read_contract
from keras_dl.training import Options
from keras_dl.training.objective import compile_model


def lowered(function: Callable, *arguments) -> list[str] | str:
    """The platforms that `function` has been lowered for, or JAX's error where one of them lacks an operation."""
    try:
        return list(export.export(jax.jit(function), platforms=PLATFORMS)(*arguments).platforms)
    except (NotImplementedError, ValueError) as error:
        return str(error)


def training_state(model: keras.Model) -> tuple[list, ...]:
    """What `model.train_step` takes and gives: weights, the rest of them, the optimizer and the metrics."""
    groups = (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
    return tuple([variable.value for variable in group] for group in groups)


assert keras.backend.backend() == "jax"
for folder in map(Path, sys.argv[1:]):
    model = keras_dl.load(folder / "model")
    x, y = np.load(folder / "inputs.npy"), np.load(folder / "labels.npy")
    outputs = model.predict(x, verbose=0)
    np.save(folder / "outputs.npy", outputs)
    compile_model(model, read_contract(folder / "model")["config"], Options(), steps_per_epoch=1)
    model.optimizer.build(model.trainable_variables)
    model.compute_loss(x, y, outputs)
    model.compute_metrics(x, y, outputs)  # makes their variables
    platforms = lowered(model.train_step, training_state(model), (x, y))
    (folder / "lowered.json").write_text(json.dumps(platforms))
    print(folder.name, flush=True)
Path("cpu_only.json").write_text(json.dumps(lowered(jax.scipy.linalg.schur, np.eye(2, dtype="float32"))))
