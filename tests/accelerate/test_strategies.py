"""A training on several virtual devices ends where one on a single device ends."""

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.accelerate.workers import workers
from keras_dl.training import Options, build

JOB = Path(__file__).with_name("strategy_job.py")


def start(folder, count, *strategies, **environment):
    command = [sys.executable, JOB, str(count), folder, *strategies]
    return subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True)


def finished(*processes):
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-2000:]


def assert_same(folder, strategy, expected):
    found, expected = np.load(folder / f"{strategy}.npz"), np.load(expected)
    arrays = [name for name in expected if name.startswith("arr")]
    assert len(arrays) == 4
    for name in [*arrays, "metrics"]:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-5)
    return found


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    folder = tmp_path_factory.mktemp("single")
    finished(start(folder, 1, "none"))
    return folder / "none.npz"


def test_mirrored(single, tmp_path):
    """Where the job waits for ever it is killed and goes on.

    TensorFlow 2.21 does so now and then with many devices, when an iterator ends whose tuning thread has just begun.
    """
    for _attempt in range(4):
        process = start(tmp_path, 2, "mirrored")
        try:
            _, errors = process.communicate(timeout=100)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        else:
            assert process.returncode == 0, errors[-2000:]
            break
    else:
        pytest.fail("mirrored on 2 devices did not end in four attempts")
    assert assert_same(tmp_path, "mirrored", single)["parts"] == 2


def test_workers_train_and_stop_as_one(single, tmp_path):
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(socket.socket()) for _ in range(2)]
        for port in ports:
            port.bind(("localhost", 0))
        hosts = [f"localhost:{port.getsockname()[1]}" for port in ports]
    folders = [tmp_path / "first", tmp_path / "second"]
    processes = []
    for index, folder in enumerate(folders):
        task = {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": index}}
        processes.append(start(folder, 1, "multi_worker", TF_CONFIG=json.dumps(task)))
    finished(*processes)
    for folder in folders:
        assert_same(folder, "multi_worker", single)


def test_jax(single, tmp_path):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs pip install '.[export]'")
    finished(start(tmp_path, 8, "none", "data_parallel", "model_parallel", KERAS_BACKEND="jax"))
    data = assert_same(tmp_path, "data_parallel", tmp_path / "none.npz")
    model = assert_same(tmp_path, "model_parallel", tmp_path / "none.npz")
    assert data["parts"] == model["parts"] == 8
    assert data["whole"] and model["whole"]  # the last kernel leads to 4 units, which 8 cannot share


@pytest.mark.parametrize(
    "setup",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
    ],
)
def test_a_cluster_without_others_is_refused(monkeypatch, setup):
    monkeypatch.setenv("TF_CONFIG", setup)
    with pytest.raises(UsageError, match="strategy=multi_worker needs TF_CONFIG="):
        workers()


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ("tpu", "strategy=tpu: no TPU answers"),
        ("multi_worker", 'strategy=multi_worker needs TF_CONFIG={"cluster"'),
        ("data_parallel", "strategy=data_parallel needs KERAS_BACKEND=jax, this is tensorflow"),
    ],
)
def test_devices_that_are_not_there(strategy, words):
    with pytest.raises(UsageError, match=words) as error:
        build(get_config("mlp"), Options(strategy=strategy))
    assert "\n" not in str(error.value)
