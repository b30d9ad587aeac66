"""The loop of a search, around trials that take no time: crashes at every line of the ledger, budgets, failures."""

import dataclasses
import json
import math

import pytest

from keras_dl import UsageError, get_config, storage
from keras_dl.config import Config, depth, width
from keras_dl.search import Settings, driver, search
from keras_dl.search.ledger import Ledger

CONFIG = get_config("mlp", hidden=(32,))
SETTINGS = Settings(max_trials=9, max_parameters=20_000, epochs=9, tune_learning_rate=False)
KINDS = ("random", "bayesian", "hyperband", "grid")


class Crash(BaseException):
    """What a power cut is to a process."""


class Trials:
    """Runs trials in no time, with results that depend on the network and the seed alone; counts what it ran."""

    def __init__(self):
        self.tasks = []

    def __call__(self, task):
        self.tasks.append(task)
        if task.config.depth == 7:
            return {"status": "failed", "reason": "too deep for this test"}
        accuracy = math.log2(task.config.hidden[0]) / 10 - task.config.depth / 100 + task.options.seed % 997 / 1e5
        return {"status": "completed", "val_accuracy": accuracy, "epochs": task.options.epochs, "seconds": 1.0}


def run(folder, settings=SETTINGS, config=CONFIG, trials=None):
    return search(config, "digits", settings, folder, run_trial=trials or Trials())


def crash_at(monkeypatch, position, how):
    """Let the append number `position` of a process end it: before its line, in its midst, or after it."""
    append, appended = storage.append_line, []

    def dying(path, row):
        appended.append(row)
        if len(appended) != position:
            return append(path, row)
        if how == "torn":
            with open(path, "a") as file:
                file.write(json.dumps(row)[:20])
        elif how == "after":
            append(path, row)
        raise Crash

    monkeypatch.setattr(storage, "append_line", dying)


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_at_any_line_of_the_ledger_changes_nothing(tmp_path, monkeypatch, kind):
    settings = dataclasses.replace(SETTINGS, oracle=kind, max_trials=7 if kind == "bayesian" else 9)
    expected = run(tmp_path / "whole", settings)
    lines = (tmp_path / "whole" / "ledger.jsonl").read_bytes()
    assert sum(not trial.rejected for trial in expected) == settings.max_trials
    assert any(trial.rejected for trial in expected) or kind == "grid"
    last = len(lines.splitlines()) - 1
    for position in range(last - 3 if kind == "bayesian" else 1, last + 1):  # its proposals take a second
        for how in ("before", "torn", "after"):
            folder, first, second = tmp_path / f"{position}-{how}", Trials(), Trials()
            with monkeypatch.context() as patch, pytest.raises(Crash):
                crash_at(patch, position, how)
                run(folder, settings, trials=first)
            ended = {trial.number for trial in _recorded(folder) if trial.status in ("completed", "failed")}
            assert run(folder, settings, trials=second) == expected
            assert (folder / "ledger.jsonl").read_bytes() == lines
            assert ended.isdisjoint(int(task.folder.name) for task in second.tasks)


def test_a_crash_at_every_single_line_of_one_search(tmp_path, monkeypatch):
    expected, crashes = run(tmp_path / "whole"), 0
    while True:
        with monkeypatch.context() as patch:
            crash_at(patch, 2, "torn")
            try:
                assert run(tmp_path / "cut") == expected
            except Crash:
                crashes += 1
            else:
                break
    assert crashes >= len(expected)


def _recorded(folder):
    path = folder / "ledger.jsonl"
    return Ledger(path, json.loads(path.read_text().splitlines()[0])).trials


def test_a_finished_search_runs_nothing_and_goes_on_with_a_larger_budget(tmp_path):
    before, trials = run(tmp_path), Trials()
    assert run(tmp_path, trials=trials) == before
    assert trials.tasks == []
    more = run(tmp_path, dataclasses.replace(SETTINGS, max_trials=11), trials=trials)
    assert more[: len(before)] == before
    assert len(trials.tasks) == 2


def test_other_settings_are_refused(tmp_path):
    run(tmp_path)
    with pytest.raises(UsageError, match="of a search with seed=0, not 1"):
        run(tmp_path, dataclasses.replace(SETTINGS, seed=1))
    with pytest.raises(UsageError, match=r"of a search with network.hidden\[1\]=32, not 16"):
        run(tmp_path, config=get_config("mlp", hidden=(16,)))


def test_rejected_candidates_are_recorded_and_cost_no_trial(tmp_path):
    trials = run(tmp_path, runner := dataclasses.replace(SETTINGS, max_parameters=3000))
    over = [trial for trial in trials if trial.status == "over_budget"]
    assert over
    assert all(trial.parameters > 3000 and trial.val_accuracy is None for trial in over)
    ran = [trial for trial in trials if not trial.rejected]
    assert len(ran) == runner.max_trials
    assert all(trial.parameters <= 3000 for trial in ran)


def test_nothing_fits(tmp_path):
    with pytest.raises(UsageError, match=r"nothing in this space has at most 500 parameters; its smallest .* has 610"):
        run(tmp_path, dataclasses.replace(SETTINGS, max_parameters=500))


def test_rejections_have_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "MOST_REJECTIONS", 5)
    settings = Settings(max_parameters=650, seed=3)
    for _attempt in range(2):
        with pytest.raises(UsageError, match=r"the last 5 candidates .* the smallest of all had .* allowed are 650"):
            run(tmp_path, settings)


def test_failed_trials_count_and_do_not_stop_the_search(tmp_path):
    def fail(task):
        return {"status": "failed", "reason": "it must be so"}

    trials = run(tmp_path, trials=fail)
    ran = [trial for trial in trials if not trial.rejected]
    assert [trial.reason for trial in ran] == ["it must be so"] * SETTINGS.max_trials


@dataclasses.dataclass(frozen=True, kw_only=True)
class Heads(Config):
    task = "classification"
    input_shape: tuple[int, ...] = (4,)
    classes: int = 2
    units: int = width(12, low=12, high=96)
    heads: int = depth(3, low=1, high=7)

    def __post_init__(self):
        super().__post_init__()
        if self.units % self.heads:
            raise UsageError(f"units must be a multiple of heads, got {self.units} and {self.heads}")


def test_values_that_make_no_network_are_rejected_with_the_reason(tmp_path, monkeypatch):
    sizes = type("Sizes", (), {"parameters": 10})
    monkeypatch.setattr(driver, "describe", lambda config: sizes)
    trials = search(
        Heads(),
        "digits",
        dataclasses.replace(SETTINGS, oracle="grid", max_trials=28),
        tmp_path,
        run_trial=lambda task: {"status": "completed", "val_accuracy": 0.5, "epochs": 1, "seconds": 0.0},
    )
    invalid = [trial for trial in trials if trial.status == "invalid"]
    assert invalid
    assert {trial.values["heads"] for trial in invalid} == {5, 7}
    assert invalid[0].reason == "units must be a multiple of heads, got 12 and 5"


def test_seeds_differ_and_promoted_trials_keep_theirs(tmp_path):
    settings = dataclasses.replace(SETTINGS, oracle="hyperband", max_trials=None)
    runner = Trials()
    trials = run(tmp_path, settings, trials=runner)
    tasks = {int(task.folder.name): task for task in runner.tasks}
    promoted = [trial for trial in trials if "tuner/trial_id" in trial.values]
    assert promoted
    for trial in promoted:
        parent = int(trial.values["tuner/trial_id"])
        assert tasks[trial.number].parent == tasks[parent].folder
        assert tasks[trial.number].options.seed == tasks[parent].options.seed
        assert tasks[trial.number].options.epochs > tasks[parent].options.epochs
    others = [trial.seed for trial in trials if trial not in promoted]
    assert len(set(others)) == len(others)


def test_data_without_validation_is_refused(tmp_path, monkeypatch):
    load = driver.load

    def without(**loading):
        data = load(**loading)
        spec = dataclasses.replace(data.spec, counts={**data.spec.counts, "validation": 0})
        return type("Bare", (), {"spec": spec})

    monkeypatch.setattr(driver, "load", without)
    with pytest.raises(UsageError, match="digits has no validation examples"):
        run(tmp_path)


def test_the_folder_must_be_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file is a file; a search needs a folder"):
        run(tmp_path / "file")
