"""Whatever becomes of a trial, its result says it in words and the next one runs."""

import os
import signal
import time

import pytest

from keras_dl.search.worker import isolated

PRELOAD = ["test_worker"]


def good(folder):
    return {"status": "completed", "val_accuracy": 0.5}


def crash(folder):
    raise ValueError("the layer does not fit\nand more lines")


def out_of_memory(folder):
    raise MemoryError


def nan(folder):
    return {"status": "completed", "val_accuracy": float("nan")}


def inf(folder):
    return {"status": "completed", "val_accuracy": float("inf")}


def killed(folder):
    os.kill(os.getpid(), signal.SIGKILL)


def segfault(folder):
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(folder):
    os._exit(7)


def hang(folder):
    time.sleep(60)


pytestmark = pytest.mark.usefixtures("processes")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (crash, "ValueError: the layer does not fit"),
        (out_of_memory, "MemoryError: "),
        (nan, "val_accuracy is nan"),
        (inf, "val_accuracy is inf"),
        (killed, "killed by SIGKILL, perhaps for want of memory"),
        (segfault, "killed by SIGSEGV"),
        (leave, "its process ended with status 7; see log.txt in its folder"),
    ],
)
def test_faults_are_failures_with_a_reason(tmp_path, fault, reason):
    assert isolated(fault, tmp_path, None) == {"status": "failed", "reason": reason}


def test_a_hanging_trial_is_ended(tmp_path):
    began = time.monotonic()
    assert isolated(hang, tmp_path, 2) == {"status": "failed", "reason": "took longer than 2 seconds"}
    assert time.monotonic() - began < 30


def test_a_result_that_is_there_is_not_made_again(tmp_path):
    assert isolated(good, tmp_path, None) == {"status": "completed", "val_accuracy": 0.5}
    assert isolated(crash, tmp_path, None) == {"status": "completed", "val_accuracy": 0.5}
