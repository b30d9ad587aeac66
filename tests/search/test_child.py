"""Whatever becomes of a trial, its result says it in words and the next one runs."""

import os
import re
import signal
import time

import pytest

from keras_dl.search.child import Limits
from keras_dl.search.local_pool import LocalPool

PRELOAD = ["test_child"]


def good(folder):
    return {"status": "completed", "val_accuracy": 0.5}


def gpus(folder):
    return {"val_accuracy": 0.5, "gpus": os.environ["CUDA_VISIBLE_DEVICES"]}


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


def swell(folder):
    held = bytearray(300_000_000)
    held[::1000] = bytes(len(held[::1000]))
    time.sleep(60)


def slow(folder):
    (folder / "began").touch()
    time.sleep(0.4)
    return {"status": "completed", "val_accuracy": 0.5}


def patient(folder):
    signal.signal(signal.SIGTERM, lambda *signal: (folder / "saved").touch() or os._exit(143))
    (folder / "began").touch()
    time.sleep(60)


pytestmark = pytest.mark.usefixtures("processes")


def run(function, folder, **limits):
    with LocalPool(f"test_child:{function.__name__}", Limits(**limits)) as pool:
        pool.start(3, folder)
        number, result = pool.wait()
        assert (number, pool.running) == (3, 0)
    return result


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (crash, "ValueError: the layer does not fit"),
        (out_of_memory, "MemoryError: "),
        (nan, "val_accuracy is nan"),
        (inf, "val_accuracy is inf"),
    ],
)
def test_faults_of_a_trial_are_failures_with_a_reason(tmp_path, fault, reason):
    assert run(fault, tmp_path) == {"status": "failed", "reason": reason}
    assert run(good, tmp_path) == {"status": "failed", "reason": reason}, "it does not run again"


@pytest.mark.parametrize(
    ("fault", "limits", "reason"),
    [
        (killed, {}, "killed by SIGKILL, perhaps for want of memory"),
        (segfault, {}, "killed by SIGSEGV"),
        (leave, {}, "its process ended with status 7; see log.txt in its folder"),
        (hang, {"seconds": 2}, "took longer than 2 seconds"),
        (swell, {"megabytes": 200}, "used \\d+ MB of memory, over 200"),
    ],
)
def test_the_death_of_its_process_is_one_that_may_be_tried_again(tmp_path, fault, limits, reason):
    began = time.monotonic()
    result = run(fault, tmp_path, **limits)
    assert (result["status"], result["died"]) == ("failed", True)
    assert re.fullmatch(reason, result["reason"])
    assert time.monotonic() - began < 30
    assert run(good, tmp_path) == {"status": "completed", "val_accuracy": 0.5}


def test_a_result_that_is_there_is_not_made_again(tmp_path):
    assert run(good, tmp_path) == {"status": "completed", "val_accuracy": 0.5}
    assert run(crash, tmp_path) == {"status": "completed", "val_accuracy": 0.5}
    (tmp_path / "result.json").write_text('{"status": "compl')
    assert run(good, tmp_path) == {"status": "completed", "val_accuracy": 0.5}


def test_trials_run_at_once(tmp_path):
    folders = [tmp_path / name for name in "abc"]
    with LocalPool("test_child:slow", Limits()) as pool:
        for number, folder in enumerate(folders):
            folder.mkdir()
            pool.start(number, folder)
        while not all((folder / "began").exists() for folder in folders):
            time.sleep(0.01)
        assert pool.running == 3
        assert sorted(pool.wait()[0] for _ in folders) == [0, 1, 2]


def test_leaving_the_pool_lets_trials_save(tmp_path):
    with pytest.raises(KeyboardInterrupt), LocalPool("test_child:patient", Limits()) as pool:
        pool.start(0, tmp_path)
        while not (tmp_path / "began").exists():
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert (tmp_path / "saved").exists()


def test_threads_are_those_of_the_environment_that_tensorflow_reads(tmp_path):
    run(note_threads, tmp_path, threads=3)
    assert (tmp_path / "threads").read_text() == "3 3"


def note_threads(folder):
    (folder / "threads").write_text("{TF_NUM_INTRAOP_THREADS} {TF_NUM_INTEROP_THREADS}".format_map(os.environ))
    return good(folder)
