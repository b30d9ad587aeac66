"""What XLA compiled in one process is there for the next, as long as it is whole."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time

import pytest

from keras_dl.lazy.programs import MOST_BYTES, remember_programs

JOB = """
import numpy as np
from keras_dl import get_config
from keras_dl.training import Options, build
from keras_dl.training.objective import compile_model

config = get_config("mlp", hidden=(8,), input_shape=(6,))
options = Options(deterministic=False, xla=True)
model = build(config, options)
compile_model(model, config, options, steps_per_epoch=1)
print(model.train_on_batch(np.ones((4, 6), "float32"), np.arange(4)))
"""


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a cache"))
    for name in ("TF_XLA_FLAGS", "JAX_ENABLE_COMPILATION_CACHE", "XLA_FLAGS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_COMPILATION_CACHE_MAX_SIZE"):
        monkeypatch.setenv(name, "")  # what the code under test sets shall not stay
        monkeypatch.delenv(name)
    return tmp_path / "a cache" / "keras_dl" / "xla"


def train(**environment):
    done = subprocess.run(
        [sys.executable, "-c", JOB], env={**os.environ, **environment}, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()[-1]


def test_tensorflow_finds_the_program_of_another_process(cache):
    first = train()
    (program,) = cache.rglob("*.pb")
    written = program.stat()
    assert train() == first
    (program,) = cache.rglob("*.pb")
    assert program.stat().st_mtime_ns == written.st_mtime_ns, "it was compiled again"


def test_jax_keeps_its_programs(cache):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs pip install '.[export]'")
    train(KERAS_BACKEND="jax", JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="0")
    assert list(cache.rglob("jit_train_step-*-cache"))


def set_up(monkeypatch, **environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    remember_programs()
    return os.environ.get("TF_XLA_FLAGS")


def test_programs_that_are_damaged_or_too_many_go(cache, monkeypatch):
    set_up(monkeypatch, TF_XLA_FLAGS="")
    (folder,) = cache.glob("*/tensorflow")
    for age, (name, content) in enumerate(
        {"whole": b"\x0a\x02ab", "cut": b"\x0a\x05ab", "empty": b"", "last": b"\x0a\x01a"}.items()
    ):
        (folder / f"{name}.pb").write_bytes(content)
        os.utime(folder / f"{name}.pb", (1000 - age, 1000 - age))
    set_up(monkeypatch, TF_XLA_FLAGS="")
    assert sorted(file.stem for file in folder.iterdir()) == ["last", "whole"]
    monkeypatch.setattr("keras_dl.lazy.programs.MOST_BYTES", 6)
    set_up(monkeypatch, TF_XLA_FLAGS="")
    assert [file.stem for file in folder.iterdir()] == ["whole"]


def test_other_flags_of_xla_have_another_folder(cache, monkeypatch):
    assert set_up(monkeypatch, TF_XLA_FLAGS="") != set_up(monkeypatch, TF_XLA_FLAGS="", XLA_FLAGS="--xla_x=1")


def test_what_the_user_has_set_stays(cache, monkeypatch):
    theirs = "--tf_xla_persistent_cache_directory=/mine"
    assert set_up(monkeypatch, TF_XLA_FLAGS=theirs, JAX_COMPILATION_CACHE_DIR="/mine") == theirs
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == "/mine"
    assert set_up(monkeypatch, TF_XLA_FLAGS="--tf_xla_clustering_debug").startswith("--tf_xla_clustering_debug --tf")


def test_a_folder_that_cannot_be_written_is_left_alone(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    assert set_up(monkeypatch, TF_XLA_FLAGS="", XDG_CACHE_HOME=str(tmp_path / "file")) == ""
    monkeypatch.chdir(tmp_path)
    assert set_up(monkeypatch, XDG_CACHE_HOME="relative") == ""
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as where nobody knows the user
    assert set_up(monkeypatch, XDG_CACHE_HOME="") == ""
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_disk_that_is_almost_full_is_left_alone(cache, monkeypatch):
    usage = shutil.disk_usage(".")._replace(free=MOST_BYTES - 1)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    assert set_up(monkeypatch, TF_XLA_FLAGS="") == ""
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=MOST_BYTES))
    assert set_up(monkeypatch) != ""


def test_files_that_were_never_finished_go(cache, monkeypatch):
    set_up(monkeypatch, TF_XLA_FLAGS="")
    (folder,) = cache.glob("*/tensorflow")
    for name, age in {"left.tmp": 3700, "new.tmp": 0}.items():
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (time.time() - age,) * 2)
    set_up(monkeypatch, TF_XLA_FLAGS="")
    assert [file.name for file in folder.iterdir()] == ["new.tmp"]


def test_jax_alone_has_its_cache(cache, monkeypatch):
    monkeypatch.setattr("importlib.metadata.distributions", lambda name: [])
    assert set_up(monkeypatch, TF_XLA_FLAGS="") == ""
    assert os.environ["JAX_COMPILATION_CACHE_DIR"].startswith(str(cache))
