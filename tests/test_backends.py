"""A network gives the same outputs on TensorFlow and on JAX: a small one of every family."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from small_networks import SMALL, examples

import keras_dl

FAMILIES = {config.family: (config, name) for config, name in reversed(SMALL.items())}
JOB = Path(__file__).with_name("jax_job.py")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What TensorFlow and what JAX gives, by the name of the network."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs pip install '.[peers]'")
    folder, expected = tmp_path_factory.mktemp("backends"), {}
    for config, name in FAMILIES.values():
        keras.utils.set_random_seed(0)
        model, (x, _) = config.build(), examples(config, 4)
        keras_dl.save(model, folder / name / "model", config=config)
        np.save(folder / name / "inputs.npy", x)
        expected[name] = model.predict(x, verbose=0)
    job = [sys.executable, JOB, *(folder / name for name in expected)]
    fast_compilation = {**os.environ, "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    done = subprocess.run(job, capture_output=True, text=True, cwd=folder, env=fast_compilation)
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: (value, np.load(folder / name / "outputs.npy")) for name, value in expected.items()}


@pytest.mark.parametrize("name", [name for _, name in FAMILIES.values()])
def test_outputs_are_equal(outputs, name):
    tensorflow, jax = outputs[name]
    assert np.abs(jax - tensorflow).max() <= 1e-4 * np.abs(tensorflow).max()
