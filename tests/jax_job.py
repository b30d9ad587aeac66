"""Runs saved models on JAX: `python jax_job.py FOLDER ...`, each with model/, inputs.npy and labels.npy.

Each gets outputs.npy, and lowered.json: what a training step could be lowered for, as StableHLO.
"""

import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np
import pytest
from jax import export

import keras_dl
from keras_dl.export.jax_job import PLATFORMS
from keras_dl.saved_model import read_contract
from keras_dl.training import Options
from keras_dl.training.objective import compile_model


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
    step = export.export(jax.jit(model.train_step), platforms=PLATFORMS)(training_state(model), (x, y))
    (folder / "lowered.json").write_text(json.dumps(step.platforms))
    print(folder.name, flush=True)
with pytest.raises(RuntimeError, match="rule for primitive 'schur' not found for platform"):  # only a CPU has it
    export.export(jax.jit(jax.scipy.linalg.schur), platforms=PLATFORMS)(np.eye(2, dtype="float32"))
