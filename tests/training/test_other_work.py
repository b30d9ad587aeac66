"""What the machine does besides ours is told apart from what it does for us."""

import subprocess
import sys
import time

import psutil
import pytest

from keras_dl.lazy.machine import cores
from keras_dl.training.load import Load


def test_other_work_is_what_is_not_ours():
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinning:
        try:
            worker = psutil.Process(spinning.pid)

            def work():
                return sum(worker.cpu_times()[:2])

            began, before = time.monotonic(), work()
            as_theirs, as_ours = Load(lambda: 0.0), Load(work)
            time.sleep(1.5)
            theirs, ours = as_theirs.others(), as_ours.others()
            share = (work() - before) / (time.monotonic() - began)
        finally:
            spinning.kill()
    assert 0.1 < theirs <= len(cores()) + 0.1
    assert theirs - ours == pytest.approx(min(share, theirs), abs=0.1)


def test_our_own_work_does_not_count():
    load, spun = Load(lambda: 0.0), time.process_time() + 0.5
    began = time.monotonic()
    while time.process_time() < spun:
        pass
    elapsed = time.monotonic() - began
    assert load.others() <= len(cores()) - 0.5 / elapsed + 0.1
