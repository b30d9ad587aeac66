"""Runs saved models on JAX: `python jax_job.py FOLDER ...`, each with model/ and inputs.npy, gets outputs.npy."""

import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

import keras_dl

assert keras.backend.backend() == "jax"
for folder in map(Path, sys.argv[1:]):
    outputs = keras_dl.load(folder / "model").predict(np.load(folder / "inputs.npy"), verbose=0)
    np.save(folder / "outputs.npy", outputs)
    print(folder.name, flush=True)
