"""What all tests share: no state of TensorFlow that outlives a test, and a fork server that imports what tests can."""

import fnmatch
import gc
import multiprocessing
import os
import sys
from multiprocessing import forkserver

import pytest
from slow import QUICK, SLOW

import keras_dl.lazy  # noqa: F401  (before TensorFlow, whose messages it turns off; JAX, which that imports, would not)

os.environ["TF_XLA_FLAGS"] = "--tf_xla_persistent_cache_directory="  # what tests compile is not kept
os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "false"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"  # two that have one processor wait for each other
gc.set_threshold(50_000, 10, 10)  # tracing makes so many objects that looking for garbage takes a tenth of the time


def pytest_addoption(parser):
    told = "how often each training is killed, in place of what fits a whole run"
    parser.addoption("--kills", type=int, choices=range(1, 1001), metavar="N", help=told)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        slow, quick = (any(fnmatch.fnmatchcase(item.nodeid, one) for one in patterns) for patterns in (SLOW, QUICK))
        if slow and not quick:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _operations_as_before():
    """A training with `deterministic` makes all operations so, for good; XLA has no such form of some of them."""
    yield
    if "tensorflow" in sys.modules:
        from tensorflow.python.framework import config

        config.disable_op_determinism()


@pytest.fixture(scope="module", autouse=True)
def _networks_are_forgotten():
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()
        gc.collect()
        gc.freeze()  # what is left now will stay: to look at it again after each file took seconds


@pytest.fixture(scope="module")
def processes(request):
    """A context whose processes fork from one that has imported the modules in `PRELOAD` of the test file."""
    context = multiprocessing.get_context("forkserver")
    forkserver._forkserver._stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        patch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)  # whether bits are the same is asked of several threads
        context.set_forkserver_preload(request.module.PRELOAD)
        patch.setattr(type(context), "set_forkserver_preload", lambda self, names: None)
        yield context
    forkserver._forkserver._stop()
