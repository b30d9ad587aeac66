"""Whatever becomes of a trial, its result says it in words and the next one runs."""

import errno
import os
import re
import signal
import threading
import time
from multiprocessing import forkserver

import pytest

from keras_dl import storage
from keras_dl.search.child import CannotGoOn, Limits, read_result, write_result
from keras_dl.search.local_pool import LocalPool

PRELOAD = ["test_child"]


def good(folder):
    return {"status": "completed", "score": 0.5}


def gpus(folder):
    return {"score": 0.5, "gpus": os.environ["CUDA_VISIBLE_DEVICES"]}


def crash(folder):
    raise ValueError("the layer does not fit\nand more lines")


def out_of_memory(folder):
    raise MemoryError


def nan(folder):
    return {"status": "completed", "score": float("nan")}


def inf(folder):
    return {"status": "completed", "score": float("inf")}


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


def lingering(folder):
    threading.Thread(target=time.sleep, args=(60,)).start()
    return good(folder)


def leaves_politely(folder):
    raise SystemExit(0)


def disk_full(folder):
    raise OSError(errno.ENOSPC, "No space left on device", str(folder / "checkpoint"))


def disk_full_in_native_code(folder):
    raise RuntimeError(f"I/O error: {os.strerror(errno.ENOSPC)} (os error 28)")


def cannot_go_on(folder):
    raise CannotGoOn("the data have changed")


def slow(folder):
    (folder / "began").touch()
    time.sleep(0.4)
    return {"status": "completed", "score": 0.5}


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
        (nan, "its score is nan"),
        (inf, "its score is inf"),
        (leaves_politely, "SystemExit: 0"),
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
    assert run(good, tmp_path) == {"status": "completed", "score": 0.5}


def test_a_result_that_is_there_is_not_made_again(tmp_path):
    assert run(good, tmp_path) == {"status": "completed", "score": 0.5}
    assert run(crash, tmp_path) == {"status": "completed", "score": 0.5}
    (tmp_path / "result.json").write_text('{"status": "compl')
    assert run(good, tmp_path) == {"status": "completed", "score": 0.5}


@pytest.mark.parametrize(
    ("fault", "stop"),
    [
        (disk_full, {"errno": errno.ENOSPC, "file": "checkpoint"}),
        (disk_full_in_native_code, {"errno": errno.ENOSPC, "file": ""}),
        (cannot_go_on, {"stop": "the data have changed"}),
    ],
)
def test_what_is_no_fault_of_the_trial_stops_the_search_and_is_not_kept(tmp_path, fault, stop):
    result = run(fault, tmp_path)
    assert result.get("errno") == stop.get("errno")
    assert result.get("file", "").startswith(str(tmp_path) if "file" in stop else "")
    assert result["stop"] == stop.get("stop", result["stop"])
    assert run(good, tmp_path) == {"status": "completed", "score": 0.5}


def test_a_thread_that_lives_on_does_not_hold_the_trial(tmp_path):
    began = time.monotonic()
    assert run(lingering, tmp_path) == {"status": "completed", "score": 0.5}
    assert time.monotonic() - began < 30


def test_a_result_of_another_order_or_that_is_damaged_is_none(tmp_path):
    (tmp_path / "order.json").write_text("1")
    write_result(tmp_path, good(tmp_path))
    assert read_result(tmp_path) == good(tmp_path)
    whole = (tmp_path / "result.json").read_bytes()
    for content in (b"", b"[]", b"{}", b"\xff", b"[" * 100_000, whole.replace(b"0.5", b"0.9")):
        (tmp_path / "result.json").write_bytes(content)
        assert read_result(tmp_path) is None
    (tmp_path / "result.json").write_bytes(whole)
    storage.write(tmp_path / "order.json", "2")
    assert read_result(tmp_path) is None


def begin_all(pool, folders):
    """Start a trial in each of `folders`, and wait until all are at work."""
    for number, folder in enumerate(folders):
        folder.mkdir()
        pool.start(number, folder)
    while not all((folder / "began").exists() for folder in folders):
        time.sleep(0.01)


def test_a_fork_server_that_is_killed_is_started_anew(tmp_path):
    folders = [tmp_path / name for name in "ab"]
    with LocalPool("test_child:slow", Limits()) as pool:
        begin_all(pool, folders)
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
        results = dict(pool.wait() for _ in folders)
        assert results == {number: {"status": "completed", "score": 0.5} for number in range(2)}
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
        pool.start(2, folders[0])
        assert pool.wait()[1]["status"] == "completed"


def test_trials_run_at_once(tmp_path):
    folders = [tmp_path / name for name in "abc"]
    with LocalPool("test_child:slow", Limits()) as pool:
        begin_all(pool, folders)
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
