"""Each oracle is a function of its seed and of what it was told, in every process."""

import dataclasses
import json
import math
import subprocess
import sys

import pytest

from keras_dl import get_config
from keras_dl.learning.objective import ACCURACY, LOSS, Objective
from keras_dl.search import Settings, Trial, space
from keras_dl.search.oracle import Oracle

KINDS = ("random", "bayesian", "hyperband", "grid")
CONFIG = get_config("mlp", hidden=(32,))
SETTINGS = Settings(tune_learning_rate=False)
TRIALS = 12
AHEAD = (1, 4)


class Explorer:
    """An oracle and the trials that it has proposed, each with what becomes of it."""

    def __init__(self, kind, seed=0, ahead=1, recorded=(), objective=ACCURACY):
        self.trials, self.told = list(recorded), []
        hyperparameters = space.hyperparameters(CONFIG, SETTINGS)
        self.oracle = Oracle(kind, hyperparameters, objective, seed=seed, epochs=9, ahead=ahead, outcome=self._outcome)
        for trial in recorded:
            assert self.oracle.ask(trial.values) == trial.values
            self._check(trial)

    def explore(self, count):
        """Bring the trials to `count`, or to where the oracle ends."""
        while len(self.trials) < count and (values := self.oracle.ask()) is not None:
            self.trials.append(outcome(len(self.trials), json.loads(json.dumps(values))))
            self._check(self.trials[-1])
        return self.trials

    def _check(self, trial):
        if trial.rejected:
            self.oracle.reject(trial.number)

    def _outcome(self, number):
        self.told.append(number)
        return self.trials[number]


def outcome(number, values):
    """What becomes of a trial: too wide, failed, or a score that grows with the width."""
    facts = {"number": number, "values": values, "seed": 1, "parameters": 1}
    if values["hidden_1"] * values["depth"] > 2000:
        return Trial(status="over_budget", **facts)
    if values["depth"] == 6:
        return Trial(status="failed", reason="it must be so", **facts)
    score = math.log2(values["hidden_1"]) / 10 - values["depth"] / 100
    return Trial(status="completed", score=score, epochs=values.get("tuner/epochs", 9), **facts)


def print_proposals():
    print(json.dumps({kind: [trial.values for trial in Explorer(kind).explore(TRIALS)] for kind in KINDS}))


@pytest.fixture(scope="module")
def uninterrupted():
    return {(kind, ahead): Explorer(kind, ahead=ahead).explore(TRIALS) for kind in KINDS for ahead in AHEAD}


def test_a_fresh_process_proposes_the_same(uninterrupted):
    code = "import test_oracle; test_oracle.print_proposals()"
    environment = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "3"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    expected = {kind: [trial.values for trial in uninterrupted[kind, 1]] for kind in KINDS}
    assert json.loads(done.stdout) == expected


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize("kind", KINDS)
def test_asked_anew_it_goes_on_as_if_never_stopped(uninterrupted, kind, ahead):
    whole = uninterrupted[kind, ahead]
    assert {trial.status for trial in whole} >= {"completed"}
    for position in range(0, len(whole), 7 if kind == "bayesian" else 1):
        assert Explorer(kind, ahead=ahead, recorded=whole[:position]).explore(TRIALS) == whole


@pytest.mark.parametrize("kind", ["random", "grid"])
def test_who_needs_no_results_waits_for_none(uninterrupted, kind):
    explorer = Explorer(kind)
    explorer.explore(TRIALS)
    assert explorer.told == []
    assert uninterrupted[kind, 4] == uninterrupted[kind, 1]


def test_results_are_learned_in_order_and_as_late_as_allowed():
    explorer = Explorer("bayesian", ahead=4)
    for number in range(10):
        explorer.explore(number + 1)
        trained = [trial.number for trial in explorer.trials if not trial.rejected]
        known = trained[: len(explorer.told)]
        assert explorer.told == known
        assert len(trained) - len(known) == min(4 - explorer.trials[-1].rejected, len(trained))


def test_hyperband_learns_more_where_it_cannot_go_on(uninterrupted):
    explorer = Explorer("hyperband", ahead=1000)
    trials = explorer.explore(1000)
    assert sum("tuner/trial_id" in trial.values for trial in trials) == 3 + 1 + 2
    assert sum(not trial.rejected for trial in trials) == 9 + 3 + 1 + 5 + 2 + 3


@pytest.mark.parametrize("kind", ["random", "bayesian", "hyperband"])
def test_another_seed_proposes_otherwise(uninterrupted, kind):
    assert Explorer(kind, seed=1).explore(5) != uninterrupted[kind, 1][:5]


def test_grid_search_proposes_all_once_and_the_present_network_first():
    seen = [(t.values["hidden_1"], t.values["depth"]) for t in Explorer("grid").explore(1000)]
    assert len(seen) == len(set(seen)) == 8 * 8
    assert seen[0] == (32, 1)


@pytest.mark.parametrize("ahead", AHEAD)
def test_bayesian_search_repeats_nothing(uninterrupted, ahead):
    trials = uninterrupted["bayesian", ahead]
    assert len({(t.values["hidden_1"], t.values["depth"]) for t in trials}) == len(trials)


def test_only_the_gaussian_process_is_told_a_score_for_rejections_and_not_before_a_result():
    for kind, told in (("bayesian", 0.0), ("hyperband", None)):
        explorer = Explorer(kind)
        for number, status in enumerate(("over_budget", "completed", "over_budget")):
            score = 0.7 if status == "completed" else None
            values = explorer.oracle.ask()
            explorer.trials.append(Trial(number=number, status=status, values=values, seed=1, score=score))
            explorer._check(explorer.trials[-1])
        assert [trial.score for trial in explorer.oracle._brain.trials.values()] == [None, 0.7, told]


def test_hyperband_promotes_the_best_third_and_rejections_take_no_place():
    trials = Explorer("hyperband").explore(1000)
    rounds = {(b, r): [] for b in range(3) for r in range(b + 1)}
    for trial in trials:
        if not trial.rejected:
            rounds[trial.values["tuner/bracket"], trial.values["tuner/round"]].append(trial)
    assert any(trial.rejected for trial in trials)
    assert {place: len(held) for place, held in rounds.items()} == {
        (2, 0): 9, (2, 1): 3, (2, 2): 1, (1, 0): 5, (1, 1): 2, (0, 0): 3,
    }  # fmt: skip
    for (bracket, number), promoted in rounds.items():
        if number:
            before = rounds[bracket, number - 1]
            parents = {int(trial.values["tuner/trial_id"]) for trial in promoted}
            scores = {trial.number: trial.score or 0.0 for trial in before}
            best = sorted(scores.values(), reverse=True)[: len(promoted)]
            assert sorted((scores[parent] for parent in parents), reverse=True) == best
            assert all(trial.values["tuner/epochs"] == 3 * before[0].values["tuner/epochs"] for trial in promoted)


def test_hyperband_goes_on_when_all_trials_fail():
    explorer = Explorer("hyperband")
    while (values := explorer.oracle.ask()) is not None and len(explorer.trials) < 100:
        number = len(explorer.trials)
        explorer.trials.append(Trial(number=number, status="failed", values=values, seed=1, reason="all do"))
    assert len(explorer.trials) == 9 + 3 + 1 + 5 + 2 + 3


@pytest.mark.parametrize("objective", [LOSS, Objective("r2_score", "max")], ids=["min", "max"])
def test_where_no_value_is_the_worst_a_failure_is_no_better_than_what_is_known(objective):
    for kind, first, later in (("bayesian", None, 5.0), ("hyperband", math.inf, math.inf)):
        explorer = Explorer(kind, objective=objective)
        sign = 1 if objective.direction == "min" else -1
        for number, score in enumerate((None, 5.0, 3.0, None, 4.0, None)):
            status = "completed" if score else "failed"
            trial = Trial(
                number=number, status=status, values=explorer.oracle.ask(), seed=1, score=score and sign * score
            )
            explorer.trials.append(trial)
        explorer.oracle.ask()
        told = [trial.score for trial in explorer.oracle._brain.trials.values()][:6]
        wanted = [first, 5.0, 3.0, later, 4.0, later]
        assert told == [score and sign * score for score in wanted], kind


@pytest.mark.parametrize("kind", ["bayesian", "hyperband"])
def test_what_is_to_be_small_is_searched_as_its_opposite_is_by_the_most(kind):
    """A Gaussian process and a ranking do not see the sign; a failure is -1, the worst that an accuracy here is."""

    def turned(trial):
        return dataclasses.replace(trial, score=None if trial.score is None else -trial.score)

    class Turned(Explorer):
        def _outcome(self, number):
            return turned(super()._outcome(number))

    most, least = Objective("share", "max", worst=-1.0), Objective("error", "min", worst=1.0)
    assert Turned(kind, objective=least).explore(TRIALS) == Explorer(kind, objective=most).explore(TRIALS)


def test_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Explorer("random").explore(3)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""
