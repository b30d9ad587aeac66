"""xla=auto takes what was fastest when measured, says so, and remembers."""

import json
import os
import sys

import pytest

from keras_dl import UsageError, cli, get_config
from keras_dl.accelerate import choice, measure
from keras_dl.accelerate.choice import AnotherEnvironment, fastest_xla, restarts
from keras_dl.training import Options

CONFIG = get_config("linear_softmax")
OPTIONS = Options(deterministic=False, xla="auto")


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in (choice.ONEDNN, choice.THREADS):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def figures(monkeypatch):
    """Milliseconds of a step by the variable that is changed for it, if any, and by XLA; and what was timed."""
    table, timed = {(None, False): 10.0, (None, True): 10.0}, []

    def fake(request, environment):
        (changed,) = environment or (None,)
        timed.append((request["options"]["batch_size"], changed))
        return {xla: table.get((changed, xla)) and table[changed, xla] / 1000 for xla in (False, True)}

    monkeypatch.setattr(choice, "_timed", fake)
    return table, timed


def test_xla_is_taken_where_it_was_faster_and_the_figures_are_kept(figures, capsys):
    table, timed = figures
    table[None, True] = 8.1
    assert fastest_xla(CONFIG, OPTIONS) is True
    assert "XLA: on, measured 0.81 of the default step (10 ms)" in capsys.readouterr().out
    table[None, True] = 30.0
    assert fastest_xla(CONFIG, OPTIONS) is True
    assert timed == [(32, None)]
    assert fastest_xla(CONFIG, Options(deterministic=False, xla="auto", batch_size=64)) is False
    assert fastest_xla(get_config("linear_softmax", classes=7), OPTIONS) is False
    assert len(timed) == 3


@pytest.mark.parametrize("milliseconds", [9.7, 40.0, None])
def test_xla_is_left_out_where_it_wins_nothing_or_fails(figures, capsys, milliseconds):
    figures[0][None, True] = milliseconds
    assert fastest_xla(CONFIG, OPTIONS) is False
    assert "XLA: off, measured 1.00 of the default" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "value"),
    [(choice.ONEDNN, str(int(not measure.onednn()))), (choice.THREADS, "1")],
    ids=["onednn", "threads"],
)
def test_another_environment_wants_another_process(figures, monkeypatch, name, value):
    table, timed = figures
    table[name, False] = 5.0
    assert fastest_xla(CONFIG, OPTIONS) is False
    with restarts(), pytest.raises(AnotherEnvironment) as wanted:
        fastest_xla(CONFIG, OPTIONS)
    assert wanted.value.environment == {name: value}
    assert timed == [(32, None), (32, choice.ONEDNN), (32, choice.THREADS)]
    monkeypatch.setenv(choice.ONEDNN, "1")
    monkeypatch.setenv(choice.THREADS, "2")
    with restarts():
        assert fastest_xla(CONFIG, OPTIONS) is False


def test_a_damaged_cache_is_measured_anew(figures, cache):
    fastest_xla(CONFIG, OPTIONS)
    (file,) = (cache / "keras_dl").rglob("*.json")
    file.write_text("{")
    fastest_xla(CONFIG, OPTIONS)
    assert len(figures[1]) == 2
    assert json.loads(file.read_text())


def test_a_network_that_cannot_be_timed(figures):
    figures[0].clear()
    with pytest.raises(UsageError, match="could not be timed; use xla=False"):
        fastest_xla(CONFIG, OPTIONS)


def test_a_child_times_both(cache, capsys):
    fastest_xla(get_config("linear_softmax", input_shape=(4, 4, 1)), OPTIONS)
    (file,) = (cache / "keras_dl").rglob("*.json")
    found = {tuple(candidate): seconds for candidate, seconds in json.loads(file.read_text())}
    assert set(found) == {(measure.onednn(), "all", False), (measure.onednn(), "all", True)}
    assert all(0 < seconds < 5 for seconds in found.values())
    assert "of the default step" in capsys.readouterr().out


def test_the_command_line_starts_anew_in_the_run_folder(figures, monkeypatch, tmp_path, capsys):
    figures[0][choice.ONEDNN, False] = 5.0
    started = []

    def execv(program, arguments):
        started.append((program, arguments[3:], os.environ.pop(choice.ONEDNN)))
        sys.exit(0)

    monkeypatch.setattr(os, "execv", execv)
    out = str(tmp_path / "run")
    with pytest.raises(SystemExit):
        cli.main(["train", "linear_softmax", "--xla", "auto", "--no-deterministic", "--out", out])
    assert started == [(sys.executable, ["train", "--resume", out], str(int(not measure.onednn())))]
    assert "measured 0.50 of the default step" in capsys.readouterr().out
