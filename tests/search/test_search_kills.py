"""A real search that is killed again and again ends as if it had never been."""

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import search_job

from keras_dl import UsageError
from keras_dl.search.ledger import Ledger

PRELOAD = ["search_job"]
KILLS = 20


def start(processes, folder, settings=search_job.SETTINGS):
    process = processes.Process(target=search_job.run, args=(str(folder), settings))
    process.start()
    return process


def trials(folder):
    """The trials in the ledger, without the seconds that they took."""
    path = folder / "ledger.jsonl"
    lines = path.read_text().splitlines()
    found = Ledger(path, json.loads(lines[0])).trials
    ended = [row["number"] for row in map(json.loads, lines[1:]) if row["status"] != "running"]
    assert ended == list(range(len(found)))
    return [dataclasses.replace(trial, seconds=None) for trial in found]


@pytest.fixture(scope="module")
def uninterrupted(processes, tmp_path_factory):
    """The trials of a search that was left alone, and the seconds it took."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    warm_up = processes.Process()
    warm_up.start()
    warm_up.join()
    began = time.monotonic()
    process = start(processes, folder)
    process.join()
    assert process.exitcode == 0
    return trials(folder), time.monotonic() - began


def test_no_trial_is_lost_or_run_twice(processes, uninterrupted, tmp_path):
    expected, seconds = uninterrupted
    assert {trial.status for trial in expected} == {"completed", "over_budget"}
    seconds_of_a_trial = seconds / search_job.SETTINGS.max_trials
    moments, kills = random.Random(0), 0
    while True:
        process = start(processes, tmp_path)
        process.join(moments.uniform(0.05, 0.6) * seconds_of_a_trial if kills < KILLS else None)
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        kills += 1
    assert process.exitcode == 0
    assert kills == KILLS, f"only {kills} kills came before the end"
    assert trials(tmp_path) == expected
    ended = {f"{trial.number:04d}" for trial in expected if not trial.rejected}
    assert {folder.name for folder in (tmp_path / "trials").iterdir()} == ended


def test_hyperband_continues_what_it_promotes(processes, tmp_path):
    settings = dataclasses.replace(search_job.SETTINGS, oracle="hyperband", epochs=3, max_trials=None)
    process = start(processes, tmp_path, settings)
    process.join()
    assert process.exitcode == 0
    done = trials(tmp_path)
    promoted = [trial for trial in done if "tuner/trial_id" in trial.values]
    assert promoted
    for trial in promoted:
        parent = done[int(trial.values["tuner/trial_id"])]
        assert (trial.seed, trial.parameters) == (parent.seed, parent.parameters)
        rows, before = (
            [json.loads(line) for line in (tmp_path / f"trials/{t.number:04d}/metrics.jsonl").read_text().splitlines()]
            for t in (trial, parent)
        )
        assert rows[: len(before)] == before, "its first epochs, their seconds too, are those of its parent"
        assert len(rows) == trial.values["tuner/epochs"] == trial.epochs > len(before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_prints_how_to_go_on(tmp_path, number, code):
    command = [sys.executable, "-c", "from keras_dl.cli import main; main()", "search"]
    options = ["--max-trials", "1", "--epochs", "300", "--max-parameters", "5000", "--out", str(tmp_path / "run")]
    process = subprocess.Popen([*command, "mlp", *options], stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not list(tmp_path.glob("run/trials/*/metrics.jsonl")):
        assert process.poll() is None
        time.sleep(0.05)
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    *_, last_line = process.communicate()[1].splitlines()
    assert process.returncode == code
    assert last_line.endswith(f"resume by: keras-dl search --resume {tmp_path / 'run'}")
    (checkpoints,) = tmp_path.glob("run/trials/*/checkpoints")
    newest = max(checkpoints.iterdir()).name
    assert not newest.startswith("epoch-00300")


def test_a_second_search_in_the_folder_is_refused(processes, tmp_path):
    process = start(processes, tmp_path)
    while not (tmp_path / "ledger.jsonl").exists():
        time.sleep(0.01)
    with pytest.raises(UsageError, match=f"is in use by process {process.pid} on "):
        search_job.search(search_job.CONFIG, "digits", search_job.SETTINGS, tmp_path)
    process.kill()
    process.join()
