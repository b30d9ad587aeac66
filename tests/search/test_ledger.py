"""The ledger survives a crash in any line, and refuses what it cannot vouch for."""

import json
import os
import subprocess
import sys

import pytest

from keras_dl import UsageError, storage
from keras_dl.search.ledger import Ledger, Trial, hold, recorded

HEADER = {"oracle": "random", "network": {"hidden": (8, 16)}, "space": [{"name": "depth", "max_value": 4}]}
BUDGET = {"max_parameters": 100}
FIRST = Trial(number=0, status="over_budget", values={"hidden_1": 8, "learning_rate": 0.1}, seed=5, parameters=99)
SECOND = Trial(number=1, status="running", values={"hidden_1": 16}, seed=6, parameters=9)
ENDED = Trial(number=1, status="completed", values={"hidden_1": 16}, seed=6, parameters=9, score=0.1 + 0.2, epochs=2)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path, HEADER, BUDGET)
    for trial in (FIRST, SECOND, ENDED):
        ledger.append(trial)
    return path


def test_trials_come_back_as_they_were(path):
    ledger = Ledger(path, HEADER, BUDGET)
    assert ledger.trials == {0: FIRST, 1: ENDED}
    assert ledger.damage is None
    assert not ledger.unvouched


def test_a_torn_last_line_is_no_damage_wherever_it_is_torn(path):
    complete = path.read_bytes()
    start = complete[:-1].rfind(b"\n") + 1
    for end in range(start, len(complete)):
        path.write_bytes(complete[:end])
        ledger = Ledger(path, HEADER, BUDGET)
        assert ledger.trials == {0: FIRST, 1: SECOND}
        assert ledger.damage is None
        ledger.append(ENDED)
        assert path.read_bytes() == complete


@pytest.mark.parametrize(
    ("line", "left"), [(2, {1: ENDED}), (3, {0: FIRST, 1: ENDED}), (4, {0: FIRST, 1: SECOND})], ids=["2", "3", "4"]
)
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b'{"number": 1}', None], ids=str)
def test_a_damaged_line_is_named_and_dropped(path, line, left, content):
    lines = path.read_bytes().splitlines()
    lines[line - 1] = lines[line - 1].replace(b"1", b"2", 1) if content is None else content
    path.write_bytes(b"\n".join(lines) + b"\n")
    ledger = Ledger(path, HEADER, BUDGET)
    assert ledger.trials == left
    assert ledger.damage == f"{path} is damaged in line {line}; what is lost comes from the rest"
    assert Ledger(path, HEADER, BUDGET).damage is None, "it was written anew"


@pytest.mark.parametrize("content", [b"", b"{", None])
def test_a_lost_header_is_replaced_and_told(path, content):
    lines = path.read_bytes().splitlines()
    lines[0] = lines[0].replace(b"random", b"rendom") if content is None else content
    path.write_bytes(b"\n".join(lines) + b"\n")
    ledger = Ledger(path, HEADER, BUDGET)
    assert ledger.unvouched
    assert "is damaged in line 1" in ledger.damage
    assert ledger.trials == Ledger(path, HEADER, BUDGET).trials == {0: FIRST, 1: ENDED}


def test_an_emptied_file_is_damage(path):
    path.write_bytes(b"")
    assert "is damaged in line 1" in Ledger(path, HEADER, BUDGET).damage
    assert Ledger(path, HEADER, BUDGET).trials == {}


@pytest.mark.parametrize("position", range(0, 600, 7))
def test_a_flipped_bit_anywhere_never_passes_for_the_truth(path, position):
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 1
    path.write_bytes(content)
    try:
        ledger = Ledger(path, HEADER, BUDGET)
    except UsageError:
        pytest.fail("a flipped bit was taken for another search")
    for number, trial in ledger.trials.items():
        assert trial in ([FIRST], [SECOND, ENDED])[number]


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
        Ledger(path, changed, BUDGET)
    assert path.read_bytes() == before


def test_another_budget_is_that_of_the_trials_to_come(path):
    assert Ledger(path, HEADER, BUDGET).budget(7) == BUDGET
    later = {"max_parameters": 50}
    assert Ledger(path, HEADER, later).budget(2) == later
    again = Ledger(path, HEADER, later)
    assert [again.budget(number) for number in range(4)] == [BUDGET, BUDGET, later, later]
    assert recorded(path) == (json.loads(json.dumps(HEADER)), later)
    assert again.trials == {0: FIRST, 1: ENDED}
    assert Ledger(path, HEADER, BUDGET).budget(2) == BUDGET


def test_a_line_of_another_version_is_named(path):
    storage.append_checked_line(path, {"number": 2, "status": "running", "values": {}, "seed": 1, "colour": "red"})
    with pytest.raises(UsageError, match="ledger.jsonl is of another version: .*'colour'"):
        Ledger(path, HEADER, BUDGET)


def test_a_ledger_of_before_is_refused_in_a_line(path):
    before, now = {**HEADER, "objective": "val_accuracy"}, {**HEADER, "objective": {"metric": "loss"}}
    path.unlink()
    Ledger(path, before, BUDGET)
    with pytest.raises(UsageError, match="ledger.jsonl is of an earlier version, which searched by accuracy alone"):
        Ledger(path, now, BUDGET)


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
