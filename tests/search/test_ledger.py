"""The ledger survives a crash in any line, and refuses what it cannot vouch for."""

import os
import subprocess
import sys

import pytest

from keras_dl import UsageError
from keras_dl.search.ledger import Ledger, Trial, hold

HEADER = {"oracle": "random", "network": {"hidden": (8, 16)}, "space": [{"name": "depth", "max_value": 4}]}
FIRST = Trial(number=0, status="over_budget", values={"hidden_1": 8, "learning_rate": 0.1}, seed=5, parameters=99)
SECOND = Trial(number=1, status="running", values={"hidden_1": 16}, seed=6, parameters=9)
ENDED = Trial(
    number=1, status="completed", values={"hidden_1": 16}, seed=6, parameters=9, val_accuracy=0.1 + 0.2, epochs=2
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path, HEADER)
    for trial in (FIRST, SECOND, ENDED):
        ledger.append(trial)
    return path


def test_trials_come_back_as_they_were(path):
    assert Ledger(path, HEADER).trials == [FIRST, ENDED]


def test_a_torn_last_line_is_cut_wherever_it_is_torn(path):
    complete = path.read_bytes()
    start = complete[:-1].rfind(b"\n") + 1
    for end in range(start, len(complete)):
        path.write_bytes(complete[:end])
        ledger = Ledger(path, HEADER)
        assert ledger.trials == [FIRST, SECOND]
        ledger.append(ENDED)
        assert path.read_bytes() == complete


@pytest.mark.parametrize(
    ("line", "content"),
    [
        (1, b"{"),
        (2, b'{"number": 0, "sta'),
        (2, b""),
        (3, b"\xff\xfe"),
        (3, b'{"number": 1}'),
        (3, b'{"number": 3, "status": "running", "values": {}, "seed": 1}'),
    ],
)
def test_a_damaged_line_is_named(path, line, content):
    lines = path.read_bytes().splitlines()
    lines[line - 1] = content
    path.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(UsageError, match=rf"ledger\.jsonl is damaged in line {line}: ") as refusal:
        Ledger(path, HEADER)
    assert "\n" not in str(refusal.value)


def test_a_lost_line_is_noticed(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    with pytest.raises(UsageError, match="damaged in line 2: trial 1 where trial 0 is expected"):
        Ledger(path, HEADER)


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({**HEADER, "oracle": "grid"}, "oracle='random', not 'grid'"),
        ({**HEADER, "network": {"hidden": (8, 32)}}, r"network.hidden\[2\]=16, not 32"),
        ({**HEADER, "space": []}, r"space=\[\{.*\}\], not \[\]"),
        ({**HEADER, "more": 1}, "more=None, not 1"),
        ({"network": HEADER["network"], "space": HEADER["space"]}, "oracle='random', not None"),
    ],
)
def test_another_search_is_refused_by_its_first_difference(path, changed, difference):
    before = path.read_bytes()
    with pytest.raises(UsageError, match=f"of a search with {difference}"):
        Ledger(path, changed)
    assert path.read_bytes() == before


def test_a_second_process_is_refused_and_told_who_is_inside(tmp_path):
    code = """
import sys
from pathlib import Path
from keras_dl.search.ledger import hold
try:
    with hold(Path(sys.argv[1])):
        print("inside")
except ValueError as error:
    print(error)
"""

    def other():
        return subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True).stdout

    with hold(tmp_path):
        assert f"{tmp_path} is in use by process {os.getpid()} on " in other()
    assert other() == "inside\n"
