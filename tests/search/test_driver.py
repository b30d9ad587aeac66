"""The loop of a search, around trials that take no time: crashes at every line of the ledger, budgets, failures."""

import dataclasses
import errno
import itertools
import json
import math

import pytest

from keras_dl import UsageError, get_config, storage
from keras_dl.config import Config, depth, width
from keras_dl.data import load
from keras_dl.search import Settings, driver, search
from keras_dl.search.child import read_result, write_result
from keras_dl.search.ledger import Ledger

CONFIG = get_config("mlp", hidden=(32,))
SETTINGS = Settings(max_trials=9, max_parameters=20_000, epochs=9, tune_learning_rate=False)
KINDS = ("random", "bayesian", "hyperband", "grid")


class Crash(BaseException):
    """What a power cut is to a process."""


class Trials:
    """A pool that runs trials in no time, with results that depend on the network and the seed alone; the last begun
    ends first. It counts what it ran."""

    def __init__(self):
        self.orders, self.ready, self.most = {}, {}, 0

    threads = 2
    running = property(lambda self: len(self.ready))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def start(self, number, folder):
        self.orders[number] = json.loads((folder / "order.json").read_text())
        self.ready[number] = self.run(self.orders[number])
        self.most = max(self.most, self.running)

    def wait(self):
        return self.ready.popitem()

    def run(self, order):
        width, depth, options = order["config"]["hidden"][0], order["config"]["depth"], order["options"]
        if depth == 7:
            return {"status": "failed", "reason": "too deep for this test"}
        score = math.log2(width) / 10 - depth / 100 + options["seed"] % 997 / 1e5
        return {"status": "completed", "score": score, "epochs": options["epochs"], "seconds": 1.0}


class Faults(Trials):
    """Gives out `results` in turn."""

    def __init__(self, *results):
        super().__init__()
        self.results = itertools.chain(results, itertools.repeat(results[-1]))

    def run(self, order):
        return dict(next(self.results))


FAILED = {"status": "failed", "reason": "it must be so"}
DIED = {"status": "failed", "reason": "killed by SIGKILL", "died": True}
GOOD = {"status": "completed", "score": 0.5, "epochs": 1, "seconds": 0.0}


def run(folder, settings=SETTINGS, config=CONFIG, trials=None):
    return search(config, "digits", settings, folder, pool=trials or Trials())


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
    for position in range(last - 2 if kind == "bayesian" else 1, last + 1, 2 if kind == "bayesian" else 4):
        for how in ("before", "torn", "after"):
            folder, first, second = tmp_path / f"{position}-{how}", Trials(), Trials()
            with monkeypatch.context() as patch, pytest.raises(Crash):
                crash_at(patch, position, how)
                run(folder, settings, trials=first)
            ended = {trial.number for trial in _recorded(folder) if trial.status in ("completed", "failed")}
            assert run(folder, settings, trials=second) == expected
            assert (folder / "ledger.jsonl").read_bytes() == lines
            assert ended.isdisjoint(second.orders)


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
    first = json.loads(path.read_text().splitlines()[0])
    return Ledger(path, first["header"], first["budget"]).trials.values()


def test_a_finished_search_runs_nothing_and_goes_on_with_a_larger_budget(tmp_path):
    before, trials = run(tmp_path), Trials()
    assert run(tmp_path, trials=trials) == before
    assert trials.orders == {}
    more = run(tmp_path, dataclasses.replace(SETTINGS, max_trials=11), trials=trials)
    assert more[: len(before)] == before
    assert len(trials.orders) == 2


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
    assert all(trial.parameters > 3000 and trial.score is None for trial in over)
    ran = [trial for trial in trials if not trial.rejected]
    assert len(ran) == runner.max_trials
    assert all(trial.parameters <= 3000 for trial in ran)


def test_nothing_fits(tmp_path):
    with pytest.raises(UsageError, match="within the budget: its smallest network needs 610 parameters, over 500"):
        run(tmp_path, dataclasses.replace(SETTINGS, max_parameters=500))


def test_rejections_have_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "MOST_REJECTIONS", 5)
    settings = Settings(max_parameters=650, seed=3)
    for _attempt in range(2):
        with pytest.raises(UsageError, match=r"the last 5 candidates .* parameters, over 650"):
            run(tmp_path, settings)


def test_measurements_of_slow_candidates_have_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "MOST_TOO_SLOW", 3)
    times = itertools.chain([0.1], itertools.repeat(9.0))
    monkeypatch.setattr("keras_dl.search.latency.measured", lambda *_: next(times))
    with pytest.raises(
        UsageError, match=r"the last 3 candidates that were measured were all too slow, the last took 9 ms"
    ):
        run(tmp_path, dataclasses.replace(SETTINGS, max_latency=1.0))
    assert sum(trial.latency is not None for trial in _recorded(tmp_path)) == 3


def test_failed_trials_count_and_do_not_stop_the_search(tmp_path):
    trials = run(tmp_path, trials=Faults(FAILED))
    ran = [trial for trial in trials if not trial.rejected]
    assert [trial.reason for trial in ran] == ["it must be so"] * SETTINGS.max_trials


def test_failures_in_a_row_have_a_limit(tmp_path):
    settings = dataclasses.replace(SETTINGS, max_failures=3)
    with pytest.raises(UsageError, match="3 trials in a row failed, trial 6 for this reason: it must be so"):
        run(tmp_path, settings, trials=Faults(FAILED, GOOD, FAILED))
    ran = [trial.status for trial in _recorded(tmp_path) if not trial.rejected]
    assert ran == ["failed", "completed", "failed", "failed", "failed"]


def test_a_process_that_died_is_tried_again_and_the_attempts_survive_the_search(tmp_path, monkeypatch):
    settings = dataclasses.replace(SETTINGS, retries=2, max_trials=2)
    with monkeypatch.context() as patch, pytest.raises(Crash):
        crash_at(patch, 3, "before")  # running, attempt 2, attempt 3
        run(tmp_path, settings, trials=Faults(DIED))
    assert [trial.attempts for trial in _recorded(tmp_path)] == [2]
    trials = run(tmp_path, settings, trials=Faults(DIED, DIED, GOOD))
    assert [(trial.status, trial.attempts) for trial in trials] == [("failed", 3), ("completed", 1)]
    assert trials[0].reason == "killed by SIGKILL"
    assert json.loads((tmp_path / "trials" / "0000" / "result.json").read_text())["reason"] == "killed by SIGKILL"


def test_a_failure_of_the_trial_itself_is_not_tried_again(tmp_path):
    trials = run(tmp_path, dataclasses.replace(SETTINGS, retries=2, max_trials=1), trials=Faults(FAILED, GOOD))
    assert [(trial.status, trial.attempts) for trial in trials] == [("failed", 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_several_workers_propose_by_number_not_by_time(tmp_path, monkeypatch, kind):
    settings = dataclasses.replace(SETTINGS, oracle=kind, workers=3)
    pool = Trials()
    last_first = run(tmp_path / "last", settings, trials=pool)
    assert pool.most == 3
    monkeypatch.setattr(Trials, "wait", lambda self: (first := min(self.ready), self.ready.pop(first)))
    assert run(tmp_path / "first", settings) == last_first
    if kind in ("random", "grid"):
        assert run(tmp_path / "alone", dataclasses.replace(settings, workers=1)) == last_first


@pytest.mark.parametrize("kind", KINDS)
def test_other_workers_are_refused_where_they_decide_the_proposals(tmp_path, kind):
    settings = dataclasses.replace(SETTINGS, oracle=kind, max_trials=1)
    run(tmp_path, settings)
    more = dataclasses.replace(settings, workers=2, max_trials=2)
    if kind in ("random", "grid"):
        assert len(run(tmp_path, more)) >= 2
    else:
        with pytest.raises(UsageError, match="of a search with workers=1, not 2"):
            run(tmp_path, more)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("workers", [1, 2])
def test_damage_is_named_and_recovered_and_nothing_runs_twice(tmp_path, capsys, kind, workers):
    settings = dataclasses.replace(SETTINGS, oracle=kind, workers=workers, max_trials=5)
    kept = Kept()
    expected = run(tmp_path, settings, trials=kept)
    path = tmp_path / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    cases = [(n, b"{\n") for n in range(len(lines))] + [(n, b"") for n in range(len(lines))]
    for number, content in [*(cases[::5] if kind == "bayesian" else cases), (0, None)]:
        if content is None:
            path.unlink()
        else:
            path.write_bytes(b"".join([*lines[:number], content, *lines[number + 1 :]]))
        capsys.readouterr()
        kept.runs = 0
        assert run(tmp_path, settings, trials=kept) == expected
        assert kept.runs == 0
        named = [line for line in capsys.readouterr().out.splitlines() if "ledger.jsonl is" in line]
        assert len(named) == (content != b"" or number == 0), (number, content)


class Kept(Trials):
    """Leaves results behind, as children do, and counts those that were not there."""

    runs = 0

    def start(self, number, folder):
        super().start(number, folder)
        if (found := read_result(folder)) is not None:
            self.ready[number] = found
        else:
            self.runs += 1
            write_result(folder, self.ready[number])


def test_trials_of_another_search_are_refused_when_the_ledger_is_lost(tmp_path):
    run(tmp_path)
    (tmp_path / "ledger.jsonl").unlink()
    with pytest.raises(UsageError, match=r"trials/0000 holds a trial with options\.batch_size=32, not 64;"):
        run(tmp_path, dataclasses.replace(SETTINGS, batch_size=64))


def test_a_lost_header_vouches_for_nothing(tmp_path):
    run(tmp_path)
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"\n" + path.read_bytes().partition(b"\n")[2])
    with pytest.raises(UsageError, match="trial 0 of the ledger is not one that this search would propose"):
        run(tmp_path, dataclasses.replace(SETTINGS, oracle="grid"))


def test_a_smaller_budget_turns_down_what_comes_and_nothing_else(tmp_path):
    before = run(tmp_path)
    smaller = dataclasses.replace(SETTINGS, max_parameters=3000, max_trials=12)
    after = run(tmp_path, smaller)
    assert after[: len(before)] == before
    assert any(trial.parameters > 3000 for trial in before if trial.status == "completed")
    new = after[len(before) :]
    assert [trial.rejected for trial in new] == [trial.parameters > 3000 for trial in new]
    assert sum(not trial.rejected for trial in after) == 12
    (lines := (tmp_path / "ledger.jsonl").read_bytes().splitlines(keepends=True)).pop(-2)
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(lines))
    assert run(tmp_path, smaller) == after, "a candidate that is lost is judged by the budget of its time"
    assert run(tmp_path, smaller) == after


def test_a_search_keeps_the_threads_that_it_began_with(tmp_path, monkeypatch):
    asked = []

    def pool_for(settings, threads):
        asked.append(threads)
        pool = Trials()
        pool.threads = threads or 7
        return pool

    monkeypatch.setattr(driver, "pool_for", pool_for)
    for changes in ({}, {"workers": 2, "max_trials": 10}, {"trial_threads": 7}):
        search(CONFIG, "digits", dataclasses.replace(SETTINGS, **changes), tmp_path)
    assert asked == [None, 7, 7]
    with pytest.raises(UsageError, match="of a search with threads=7, not 3"):
        search(CONFIG, "digits", dataclasses.replace(SETTINGS, trial_threads=3), tmp_path)


def test_a_full_disk_ends_the_search_and_not_the_trial(tmp_path):
    stop = {"stop": "No space left", "errno": errno.ENOSPC, "file": "x"}
    with pytest.raises(OSError, match="No space left on device: 'x'"):
        run(tmp_path, trials=Faults(GOOD, stop))
    assert [trial.status for trial in _recorded(tmp_path) if not trial.rejected] == ["completed", "running"]
    trials = run(tmp_path, trials=Faults(GOOD))
    assert {trial.status for trial in trials if not trial.rejected} == {"completed"}
    with pytest.raises(UsageError, match="^the data have changed$"):
        run(tmp_path, dataclasses.replace(SETTINGS, max_trials=10), trials=Faults({"stop": "the data have changed"}))


def test_changed_data_are_refused(tmp_path, monkeypatch):
    run(tmp_path)
    storage.write_checked_json(tmp_path / "data.json", {**load("digits", seed=1).fingerprint()})
    with pytest.raises(UsageError, match="the data have changed since the run in .* began: train has other image"):
        run(tmp_path)


def test_a_hopeless_latency_is_refused_before_anything_is_proposed(tmp_path, monkeypatch):
    monkeypatch.setattr(driver.budget.latency, "measured", lambda config, helper, most: 2.5)
    with pytest.raises(UsageError, match="its smallest network needs 2.5 ms for one input, over 1 ms"):
        run(tmp_path, dataclasses.replace(SETTINGS, max_latency=1.0))
    assert {path.name for path in tmp_path.iterdir()} <= {".lock"}, "the folder is given up"


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
    monkeypatch.setattr(driver.budget, "check_smallest", lambda *space: None)
    monkeypatch.setattr(driver.budget, "judge", lambda *candidate: {"status": "running", "parameters": 10})
    trials = search(
        Heads(),
        "digits",
        dataclasses.replace(SETTINGS, oracle="grid", max_trials=28),
        tmp_path,
        pool=Faults(GOOD),
    )
    invalid = [trial for trial in trials if trial.status == "invalid"]
    assert invalid
    assert {trial.values["heads"] for trial in invalid} == {5, 7}
    assert invalid[0].reason == "units must be a multiple of heads, got 12 and 5"


def test_seeds_differ_and_promoted_trials_keep_theirs(tmp_path):
    settings = dataclasses.replace(SETTINGS, oracle="hyperband", max_trials=None)
    runner = Trials()
    trials = run(tmp_path, settings, trials=runner)
    promoted = [trial for trial in trials if "tuner/trial_id" in trial.values]
    assert promoted
    for trial in promoted:
        parent = int(trial.values["tuner/trial_id"])
        order, before = runner.orders[trial.number], runner.orders[parent]
        assert order["parent"] == f"../{parent:04d}"
        assert order["options"]["seed"] == before["options"]["seed"]
        assert order["options"]["epochs"] > before["options"]["epochs"]
    others = [trial.seed for trial in trials if trial not in promoted]
    assert len(set(others)) == len(others)


def test_data_without_validation_is_refused(tmp_path, monkeypatch):
    loaded = driver.Job.loaded

    def without(job):
        data = loaded(job)
        spec = dataclasses.replace(data.spec, counts={**data.spec.counts, "validation": 0})
        return type("Bare", (), {"spec": spec})

    monkeypatch.setattr(driver.Job, "loaded", without)
    with pytest.raises(UsageError, match="digits has no validation examples"):
        run(tmp_path)


def test_the_folder_must_be_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file is a file; a search needs a folder"):
        run(tmp_path / "file")
