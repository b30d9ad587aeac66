"""A search that is killed again and again, in whole or in part, ends as if it had never been."""

import contextlib
import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from multiprocessing import forkserver

import psutil
import pytest
import search_job

from keras_dl import UsageError, storage
from keras_dl.search.ledger import Ledger

PRELOAD = ["search_job"]
KILLS = 6


def start(processes, folder, settings=search_job.SETTINGS, trial=search_job.TRAIN):
    process = processes.Process(target=search_job.run, args=(str(folder), settings, trial))
    process.start()
    return process


def finish(process):
    process.join()
    assert process.exitcode == 0


def trials(folder):
    """The trials in the ledger, without what may differ: the seconds that they took and the times they were begun."""
    path = folder / "ledger.jsonl"
    header, *rows = map(json.loads, path.read_text().splitlines())
    found = Ledger(path, header["header"], header["budget"]).trials
    ended = [row["number"] for row in rows if row["status"] != "running"]
    assert sorted(ended) == sorted(found) == list(range(len(found)))
    return [dataclasses.replace(found[number], seconds=None, attempts=1) for number in sorted(found)]


def assert_nothing_was_done_twice(folder):
    """For quick trials: every epoch was done once, and no trial was begun after its end."""
    for result in folder.glob("trials/*/result.json"):
        epochs = storage.read_lines(result.with_name("epochs.jsonl"))
        assert epochs == list(range(json.loads(result.read_text())["epochs"]))
        assert not any(row["ended_before"] for row in storage.read_lines(result.with_name("starts.jsonl")))


def workers_of(process):
    """The processes of trials that come from our fork server."""
    children = psutil.Process(forkserver._forkserver._forkserver_pid).children()
    return [child for child in children if child.pid != process.pid]


def kill(*victims):
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):  # it may just have ended
            victim.kill()


@pytest.mark.parametrize(("kind", "workers"), [("random", 1), ("grid", 2), ("hyperband", 2), ("bayesian", 2)])
def test_workers_drivers_and_everything_may_be_killed(processes, tmp_path, kind, workers):
    settings = dataclasses.replace(search_job.SETTINGS, oracle=kind, epochs=3, workers=workers, retries=1000)
    finish(start(processes, tmp_path / "whole", settings, search_job.QUICK))
    folder, moments, kills = tmp_path / "cut", random.Random(kind), 0
    while True:
        process = start(processes, folder, settings, search_job.QUICK)
        while process.exitcode is None and kills < KILLS:
            process.join(moments.uniform(0.05, 0.3))
            whom = (("driver", "worker", "everything")[kills % 3], workers_of(process))
            match whom:
                case "worker", [victim, *_]:
                    kill(victim)
                case "everything", [*victims]:
                    process.kill()
                    kill(*victims)
                case "driver", _:
                    process.kill()
                case _:
                    continue
            kills += 1
        process.join()
        if process.exitcode == 0:
            break
    assert kills >= 3, "one of each kind"
    assert trials(folder) == trials(tmp_path / "whole")
    assert_nothing_was_done_twice(folder)


def test_a_real_training_goes_on_where_it_was_killed(processes, tmp_path):
    settings = dataclasses.replace(search_job.SETTINGS, max_trials=3, workers=2)
    finish(start(processes, tmp_path / "whole", settings))
    moments = random.Random(0)
    for _kill in range(4):
        process = start(processes, tmp_path / "cut", settings)
        process.join(moments.uniform(1, 3))
        process.kill()
        process.join()
    finish(start(processes, tmp_path / "cut", settings))
    expected = trials(tmp_path / "whole")
    assert trials(tmp_path / "cut") == expected
    assert {trial.status for trial in expected} == {"completed", "over_budget"}


def test_hyperband_continues_what_it_promotes(processes, tmp_path):
    settings = dataclasses.replace(search_job.SETTINGS, oracle="hyperband", epochs=3, max_trials=None)
    finish(start(processes, tmp_path, settings))
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


def test_a_signal_prints_how_to_go_on(tmp_path):
    command = [sys.executable, "-c", "from keras_dl.cli import main; main()", "search"]
    options = [
        "--max-trials",
        "2",
        "--workers",
        "2",
        "--epochs",
        "300",
        "--max-parameters",
        "5000",
        "--out",
        str(tmp_path / "run"),
    ]
    process = subprocess.Popen([*command, "mlp", *options], stderr=subprocess.PIPE, text=True, start_new_session=True)
    while len(list(tmp_path.glob("run/trials/*/metrics.jsonl"))) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    *_, last_line = process.communicate()[1].splitlines()
    assert process.returncode == 130
    assert last_line.endswith(f"resume by: keras-dl search --resume {tmp_path / 'run'}")
    saved = list(tmp_path.glob("run/trials/*/checkpoints"))
    assert len(saved) == 2
    for checkpoints in saved:
        assert not max(checkpoints.iterdir()).name.startswith("epoch-00300")


def test_a_second_search_in_the_folder_is_refused(processes, tmp_path):
    process = start(processes, tmp_path)
    while not (tmp_path / "ledger.jsonl").exists():
        time.sleep(0.01)
    with pytest.raises(UsageError, match=f"is in use by process {process.pid} on "):
        search_job.search(search_job.CONFIG, "digits", search_job.SETTINGS, tmp_path)
    process.kill()
    process.join()
