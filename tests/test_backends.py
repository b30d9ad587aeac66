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
from small_networks import FAMILIES, SMALL, examples

import keras_dl

READ_ON_JAX = {
    family: (config, SMALL[config])
    for family, config in FAMILIES.items()
    if config.task in ("classification", "segmentation") and hasattr(config, "input_shape")
}
"""of pictures and numbers; the tests of the others compare them with JAX themselves"""
JOB = Path(__file__).with_name("jax_job.py")


GROUPS = [[*READ_ON_JAX][start::2] for start in range(2)]
"""those that share a process of JAX"""
PLATFORMS = ["cpu", "cuda", "rocm", "tpu"]


@pytest.mark.parametrize("families", GROUPS, ids=lambda families: families[0])
def test_outputs_are_equal_and_steps_are_lowered_for_every_platform(families, tmp_path):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs pip install '.[peers]'")
    expected = {}
    for config, name in map(READ_ON_JAX.get, families):
        keras.utils.set_random_seed(0)
        model, (x, y) = config.build(), examples(config, 4)
        keras_dl.save(model, tmp_path / name / "model", config=config)
        np.save(tmp_path / name / "inputs.npy", x)
        np.save(tmp_path / name / "labels.npy", y)
        expected[name] = model.predict(x, verbose=0)
    fast_compilation = {**os.environ, "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    job = [sys.executable, JOB, *(tmp_path / name for name in expected)]
    done = subprocess.run(job, capture_output=True, text=True, cwd=tmp_path, env=fast_compilation)
    assert done.returncode == 0, done.stderr[-2000:]
    for name, tensorflow in expected.items():
        jax = np.load(tmp_path / name / "outputs.npy")
        assert np.abs(jax - tensorflow).max() <= 1e-4 * np.abs(tensorflow).max(), name
        assert json.loads((tmp_path / name / "lowered.json").read_text()) == PLATFORMS
