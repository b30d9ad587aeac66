"""GPT and LLaMA learn the same on eight devices of JAX, by parts of a batch or of the network, as on one."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

JOB = Path(__file__).with_name("language_job.py")
DIVIDED = ("queries_keys_values", "mixed", "dense1", "dense2")


@pytest.fixture(scope="module", params=["gpt2_small", "llama_7b"])
def found(request, tmp_path_factory):
    """What the job has found, by mode."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs pip install '.[export]'")
    folder, modes = tmp_path_factory.mktemp("layouts"), ("single", "stages", "data_parallel", "model_parallel")
    command = [sys.executable, JOB, "8", folder, request.param, *modes]
    done = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return {mode: dict(np.load(folder / f"{mode}.npz")) for mode in modes}


@pytest.mark.parametrize("mode", ["stages", "data_parallel", "model_parallel"])
def test_losses_and_weights_are_those_of_one_device(found, mode):
    single = found["single"]
    assert single["losses"][-2] < single["losses"][0]
    for name in single.keys() - {"parts"}:
        np.testing.assert_allclose(found[mode][name], single[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_model_parallel_divides_every_dense_kernel_of_a_stage(found):
    assert {f"stage{block}_{layer}/kernel" for block in (1, 2) for layer in DIVIDED} <= {
        *found["model_parallel"]["parts"]
    }
    assert not len(found["data_parallel"]["parts"])
