"""xla=auto takes what was fastest when measured, says so, and remembers."""

import json
import os
import random
import sys

import pytest

from keras_dl import UsageError, cli, get_config
from keras_dl.tasks import get_task
from keras_dl.training import Options, choice, measure, turns
from keras_dl.training.choice import AnotherEnvironment, fastest_xla, restarts

CONFIG = get_config("linear_softmax")
OPTIONS = Options(deterministic=False, xla="auto")


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in (choice.ONEDNN, choice.THREADS):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


class Pretended:
    """What stands for contenders: how long steps take, by the variable that is changed for it, if any, and by XLA."""

    def __init__(self):
        self.milliseconds = {(None, False): 10.0, (None, True): 10.0}
        self.load, self.noise, self.order, self.started = 0.0, lambda: 1.0, [], []

    def contender(self, request, environment):
        (changed,) = environment or (None,)
        self.started.append((request["options"]["batch_size"], changed))
        return PretendedContender(self, changed)


class PretendedContender:
    def __init__(self, all_of_them, changed):
        self._all, self._changed = all_of_them, changed

    def compiled(self, seconds):
        return [xla for xla in (False, True) if (self._changed, xla) in self._all.milliseconds]

    def turn(self, xla, seconds):
        self._all.order.append((self._changed, xla))
        return self._all.milliseconds[self._changed, xla] * self._all.noise() / 1000

    def work(self):
        return 0.0

    def close(self):
        self.turn = None


@pytest.fixture
def figures(monkeypatch):
    pretended = Pretended()
    monkeypatch.setattr(turns, "Contender", pretended.contender)
    monkeypatch.setattr(turns.Load, "others", lambda self: pretended.load)
    return pretended


@pytest.fixture
def chosen(tmp_path):
    """What is chosen for a new run each time."""
    numbers = iter(range(99))

    def choose(config=CONFIG, options=OPTIONS):
        folder = tmp_path / f"run-{next(numbers)}"
        folder.mkdir()
        return fastest_xla(config, options, folder, get_task("classification"))

    return choose


def test_xla_is_taken_where_it_was_faster_and_the_figures_are_kept(figures, chosen, capsys):
    figures.milliseconds[None, True] = 8.1
    assert chosen() is True
    assert "XLA: on, measured 0.81 of the default step (10 ms)\n" in capsys.readouterr().out
    figures.milliseconds[None, True] = 30.0
    assert chosen() is True
    assert figures.started == [(32, None)]
    assert chosen(options=Options(deterministic=False, xla="auto", batch_size=64)) is False
    assert chosen(get_config("linear_softmax", classes=7)) is False
    assert len(figures.started) == 3


@pytest.mark.parametrize("milliseconds", [9.7, 40.0, None])
def test_xla_is_left_out_where_it_wins_nothing_or_fails(figures, chosen, capsys, milliseconds):
    figures.milliseconds[None, True] = milliseconds
    if milliseconds is None:
        del figures.milliseconds[None, True]
    assert chosen() is False
    assert "XLA: off, measured 1.00 of the default" in capsys.readouterr().out


def test_candidates_take_turns_and_the_hopeless_leave(figures, chosen):
    figures.milliseconds[None, True] = 9.0
    figures.milliseconds |= {(choice.ONEDNN, False): 16.0, (choice.ONEDNN, True): 14.0}
    with restarts():
        assert chosen() is True
    plain, xla, hopeless, slow = (None, False), (None, True), (choice.ONEDNN, False), (choice.ONEDNN, True)
    assert figures.order[:8] == [xla, hopeless, slow, plain, hopeless, slow, plain, xla]
    assert [figures.order.count(one) for one in (plain, xla, hopeless, slow)] == [9, 9, 2, 9]


@pytest.mark.parametrize("seed", range(20))
def test_noise_does_not_choose(figures, chosen, seed):
    generator = random.Random(seed)
    figures.noise = lambda: generator.lognormvariate(0, 0.3) * (3 if generator.random() < 0.15 else 1)
    figures.milliseconds |= {(name, xla): 10.0 for name in (choice.ONEDNN, choice.THREADS) for xla in (False, True)}
    with restarts():
        assert chosen() is False


@pytest.mark.parametrize("seed", range(20))
def test_what_is_faster_is_chosen_in_spite_of_noise(figures, chosen, seed):
    generator = random.Random(seed)
    figures.noise = lambda: generator.lognormvariate(0, 0.05)
    figures.milliseconds |= {(None, True): 7.0, (choice.ONEDNN, False): 9.8, (choice.THREADS, False): 10.0}
    with restarts():
        assert chosen() is True


def test_what_was_measured_under_load_serves_once(figures, chosen, cache, capsys):
    figures.milliseconds[None, True], figures.load = 5.0, 0.9 * len(choice.cores())
    assert chosen() is True
    assert "processors; the next run measures again" in capsys.readouterr().out
    (file,) = (cache / "keras_dl").rglob("*.json")
    assert json.loads(file.read_text())["load"] == figures.load
    figures.milliseconds[None, True], figures.load = 12.0, 0.0
    assert chosen() is False
    assert chosen() is False
    assert len(figures.started) == 2
    assert "measures again" not in capsys.readouterr().out


def test_a_run_keeps_its_choice(figures, tmp_path, monkeypatch, cache):
    figures.milliseconds[choice.THREADS, True] = 5.0
    with restarts(), pytest.raises(AnotherEnvironment):
        fastest_xla(CONFIG, OPTIONS, tmp_path, get_task("classification"))
    figures.milliseconds[choice.THREADS, True] = 20.0
    for file in (cache / "keras_dl").rglob("*.json"):
        file.unlink()
    with restarts(), pytest.raises(AnotherEnvironment) as wanted:
        fastest_xla(CONFIG, OPTIONS, tmp_path, get_task("classification"))
    assert wanted.value.environment == {choice.THREADS: "1"}
    assert fastest_xla(CONFIG, OPTIONS, tmp_path, get_task("classification")) is True
    monkeypatch.setenv(choice.THREADS, "1")
    with restarts():
        assert fastest_xla(CONFIG, OPTIONS, tmp_path, get_task("classification")) is True
    (tmp_path / choice.FILE).write_text((tmp_path / choice.FILE).read_text().replace("true", "false"))
    with pytest.raises(UsageError, match="damaged"):
        fastest_xla(CONFIG, OPTIONS, tmp_path, get_task("classification"))


@pytest.mark.parametrize(
    ("name", "value"),
    [(choice.ONEDNN, str(int(not measure.onednn()))), (choice.THREADS, "1")],
    ids=["onednn", "threads"],
)
def test_another_environment_wants_another_process(figures, chosen, monkeypatch, name, value):
    figures.milliseconds[name, False] = 5.0
    assert chosen() is False
    with restarts(), pytest.raises(AnotherEnvironment) as wanted:
        chosen()
    assert wanted.value.environment == {name: value}
    assert figures.started == [(32, None), (32, None), (32, choice.ONEDNN), (32, choice.THREADS)]
    monkeypatch.setenv(choice.ONEDNN, "1")
    monkeypatch.setenv(choice.THREADS, "2")
    with restarts():
        assert chosen() is False


@pytest.mark.parametrize("text", ["{", "[]", '{"seconds": [[[true, "all", false], []]], "load": 0}'])
def test_a_damaged_cache_is_measured_anew(figures, chosen, cache, text):
    chosen()
    (file,) = (cache / "keras_dl").rglob("*.json")
    file.write_text(text)
    chosen()
    assert len(figures.started) == 2
    assert json.loads(file.read_text())["load"] == 0


def test_a_cache_that_cannot_be_written_ends_nothing(figures, chosen, cache, monkeypatch):
    cache.write_text("a file stands in its place")
    assert chosen() is False
    assert chosen() is False
    assert len(figures.started) == 2


def test_a_network_that_cannot_be_timed(figures, chosen):
    figures.milliseconds.clear()
    with pytest.raises(UsageError, match="could not be timed; use xla=False"):
        chosen()


def test_a_process_that_ends_leaves_the_others(monkeypatch):
    class Ending(PretendedContender):
        def turn(self, xla, seconds):
            if self._changed and len(self._all.order) > 6:
                raise turns.Failed
            return super().turn(xla, seconds)

    pretended = Pretended()
    pretended.milliseconds[choice.ONEDNN, False] = 9.0
    monkeypatch.setattr(turns, "Contender", lambda request, environment: Ending(pretended, *environment or (None,)))
    environments = {(True, "all"): {}, (False, "all"): {choice.ONEDNN: "0"}}
    seconds, _ = turns.timed({}, environments, (True, "all", False))
    assert {candidate: len(row) for candidate, row in seconds.items()} == {
        (True, "all", False): 9,
        (True, "all", True): 9,
    }


def test_children_time_both(chosen, cache, capsys):
    chosen(get_config("linear_softmax", input_shape=(4, 4, 1)))
    (file,) = (cache / "keras_dl").rglob("*.json")
    found = json.loads(file.read_text())
    seconds = {tuple(candidate): row for candidate, row in found["seconds"]}
    assert (measure.onednn(), "all", False) in seconds
    assert all(0 < one < 5 for row in seconds.values() for one in row)
    assert turns.FEWEST <= len(seconds[measure.onednn(), "all", False]) <= turns.ROUNDS
    assert 0 <= found["load"] <= len(choice.cores())
    assert "of the default step" in capsys.readouterr().out


def test_a_contender_that_fails(monkeypatch):
    monkeypatch.setattr(sys, "executable", "true")
    contender = turns.Contender({}, {})
    with pytest.raises(turns.Failed):
        contender.compiled(20)
    contender.close()
    monkeypatch.setattr(sys, "executable", "yes")
    contender = turns.Contender({}, {})
    with pytest.raises(turns.Failed):
        contender.compiled(20)
    contender.close()


def test_the_command_line_starts_anew_in_the_run_folder(figures, monkeypatch, tmp_path, capsys):
    figures.milliseconds[choice.ONEDNN, False] = 5.0
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
