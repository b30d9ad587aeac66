"""A network gives the same outputs on TensorFlow and on JAX, and nothing in it is for one device only.

One small network of every family; what is lowered for a device that is not here has not been run on it.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from small_networks import SMALL, examples

import keras_dl

FAMILIES = {
    config.family: (config, name)
    for config, name in reversed(SMALL.items())
    if config.task in ("classification", "segmentation") and hasattr(config, "input_shape")
}
"""of pictures and numbers; the tests of the others compare them with JAX themselves"""
JOB = Path(__file__).with_name("jax_job.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What JAX made of every network, and TensorFlow's outputs as expected.npy, in folders by their names."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs pip install '.[peers]'")
    folder, names = tmp_path_factory.mktemp("backends"), [name for _, name in FAMILIES.values()]
    for config, name in FAMILIES.values():
        keras.utils.set_random_seed(0)
        model, (x, y) = config.build(), examples(config, 4)
        keras_dl.save(model, folder / name / "model", config=config)
        np.save(folder / name / "inputs.npy", x)
        np.save(folder / name / "labels.npy", y)
        np.save(folder / name / "expected.npy", model.predict(x, verbose=0))
    job = [sys.executable, JOB, *(folder / name for name in names)]
    fast_compilation = {**os.environ, "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    done = subprocess.run(job, capture_output=True, text=True, cwd=folder, env=fast_compilation)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.mark.parametrize("name", [name for _, name in FAMILIES.values()])
def test_outputs_are_equal(folder, name):
    tensorflow, jax = np.load(folder / name / "expected.npy"), np.load(folder / name / "outputs.npy")
    assert np.abs(jax - tensorflow).max() <= 1e-4 * np.abs(tensorflow).max()


@pytest.mark.parametrize("name", [name for _, name in FAMILIES.values()])
def test_inference_and_training_are_lowered_for_every_platform(folder, name):
    platforms = ["cpu", "cuda", "rocm", "tpu"]
    assert json.loads((folder / name / "lowered.json").read_text()) == {"forward": platforms, "step": platforms}


def test_what_only_a_cpu_has_is_not_lowered_for_others(folder):
    assert "schur" in json.loads((folder / "cpu_only.json").read_text())
