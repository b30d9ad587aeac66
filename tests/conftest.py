"""What tests of several folders share: a fork server of their own, which can import what the tests can."""

import multiprocessing
import os
import sys
from multiprocessing import forkserver

import pytest


@pytest.fixture(scope="module")
def processes(request):
    """A context whose processes fork from one that has imported the modules in `PRELOAD` of the test file."""
    context = multiprocessing.get_context("forkserver")
    forkserver._forkserver._stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        context.set_forkserver_preload(request.module.PRELOAD)
        patch.setattr(type(context), "set_forkserver_preload", lambda self, names: None)
        yield context
    forkserver._forkserver._stop()
