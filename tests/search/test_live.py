"""The table of a search that runs."""

import io
import json

import pytest
from rich.console import Console

from keras_dl.learning.objective import ACCURACY
from keras_dl.search import Trial, live

TRIALS = {
    0: Trial(
        number=0, status="completed", values={"hidden": 8}, seed=1, parameters=500, score=0.75, epochs=4,
        seconds=8.0,
    ),
    1: Trial(number=1, status="over_budget", values={"hidden": 512}, seed=1, parameters=90_000),
    2: Trial(number=2, status="running", values={"hidden": 16, "tuner/epochs": 6}, seed=1, parameters=1234),
    3: Trial(number=3, status="running", values={"hidden": 32}, seed=1, parameters=2345),
}  # fmt: skip


@pytest.fixture
def watch(tmp_path):
    return live.Watch(
        TRIALS, lambda number: tmp_path / str(number), lambda t: t.values.get("tuner/epochs", 4), ACCURACY, 9
    )


def shown(watch):
    text = io.StringIO()
    Console(file=text, width=120).print(watch.table())
    return [" ".join(line.split()) for line in text.getvalue().splitlines()]


def test_epochs_accuracy_and_time_of_what_runs(watch, tmp_path):
    (tmp_path / "2").mkdir()
    rows = [{"epoch": n, "val_accuracy": 0.5 + n / 10, "seconds": 30.0} for n in range(2)]
    rows.insert(1, "what a disk did to a line")
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "2" / "metrics.jsonl").write_text(text + '{"epoch": 2, "val_acc')
    title, second, third, summary = shown(watch)
    assert title == "trial epoch accuracy time left parameters values"
    assert second == "2 2 of 6 0.6000 2:00 1,234 hidden=16"
    assert third == "3 0 of 4 - 0:08 2,345 hidden=32"
    # 120 s and 8 s for these two, 6 more of 8 s each, two at once
    assert summary == "1 of 9 trials done, 1 turned down, best 0.7500 (trial 0, 500 parameters), about 1:28 left"


def test_what_a_user_calls_a_value_is_no_markup(watch, tmp_path):
    watch._trials = {0: Trial(number=0, status="running", values={"kind": "[red]"}, seed=1, parameters=1)}
    assert shown(watch)[1].endswith("kind=[red]")


def test_no_terminal_gets_plain_lines(watch, capsys):
    with watch:
        watch.say("trial 0: 0.7500 [bold]")
    assert capsys.readouterr().out == "trial 0: 0.7500 [bold]\n"


def test_a_terminal_gets_the_table(watch, monkeypatch, capsys):
    monkeypatch.setattr(live, "plain_console", lambda: Console(force_terminal=True, width=100))
    with live.Watch(TRIALS, watch._folder, watch._epochs, ACCURACY) as terminal:
        terminal.say("a line")
    printed = capsys.readouterr().out
    assert "time left" in printed
    assert "a line" in printed


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (59.6, "1:00"), (3725, "1:02:05")])
def test_times(seconds, text):
    assert live._clock(seconds) == text
