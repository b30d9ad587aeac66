"""Each oracle is a function of its seed and of what it was told, in every process."""

import json
import math
import subprocess
import sys

import pytest

from keras_dl import get_config
from keras_dl.search import Settings, Trial, space
from keras_dl.search.oracle import Oracle

KINDS = ("random", "bayesian", "hyperband", "grid")
CONFIG = get_config("mlp", hidden=(32,))
SETTINGS = Settings(tune_learning_rate=False)
TRIALS = 14


def new(kind, seed=0):
    return Oracle(kind, space.hyperparameters(CONFIG, SETTINGS), seed=seed, epochs=9)


def outcome(number, values):
    """What becomes of a trial: too wide, failed, or an accuracy that grows with the width."""
    facts = {"number": number, "values": values, "seed": 1, "parameters": 1}
    if values["hidden_1"] * values["depth"] > 2000:
        return Trial(status="over_budget", **facts)
    if values["depth"] == 6:
        return Trial(status="failed", reason="it must be so", **facts)
    accuracy = math.log2(values["hidden_1"]) / 10 - values["depth"] / 100
    return Trial(status="completed", val_accuracy=accuracy, epochs=values.get("tuner/epochs", 9), **facts)


def explore(oracle, trials, count):
    """Bring a list of trials to `count`, or to where the oracle ends."""
    while len(trials) < count and (values := oracle.ask()) is not None:
        trials.append(outcome(len(trials), json.loads(json.dumps(values))))
        oracle.tell(trials[-1])
    return trials


def print_proposals():
    print(json.dumps({kind: [trial.values for trial in explore(new(kind), [], TRIALS)] for kind in KINDS}))


@pytest.fixture(scope="module")
def uninterrupted():
    return {kind: explore(new(kind), [], TRIALS) for kind in KINDS}


def test_a_fresh_process_proposes_the_same(uninterrupted):
    code = "import test_oracle; test_oracle.print_proposals()"
    environment = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "3"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {k: [trial.values for trial in trials] for k, trials in uninterrupted.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_replay_goes_on_as_if_never_stopped(uninterrupted, kind):
    whole = uninterrupted[kind]
    assert {trial.status for trial in whole} >= {"completed"}
    for position in range(0, len(whole), 5 if kind == "bayesian" else 1):
        oracle = new(kind)
        oracle.replay(whole[:position])
        assert explore(oracle, whole[:position], TRIALS) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_replay_with_a_trial_that_was_cut_off(uninterrupted, kind):
    whole = uninterrupted[kind]
    cut_off = Trial(number=3, status="running", values=whole[3].values, seed=1)
    oracle = new(kind)
    oracle.replay([*whole[:3], cut_off])
    oracle.tell(whole[3])
    assert explore(oracle, whole[:4], 8) == whole[:8]


@pytest.mark.parametrize("kind", ["random", "bayesian", "hyperband"])
def test_another_seed_proposes_otherwise(uninterrupted, kind):
    assert explore(new(kind, seed=1), [], 5) != uninterrupted[kind][:5]


def test_grid_search_proposes_all_once_and_the_present_network_first():
    seen = [(t.values["hidden_1"], t.values["depth"]) for t in explore(new("grid"), [], 1000)]
    assert len(seen) == len(set(seen)) == 8 * 8
    assert seen[0] == (32, 1)


def test_bayesian_search_repeats_nothing():
    trials = explore(new("bayesian"), [], 12)
    assert len({(t.values["hidden_1"], t.values["depth"]) for t in trials}) == len(trials)


@pytest.mark.parametrize(("kind", "told"), [("bayesian", 0.0), ("random", None), ("hyperband", None), ("grid", None)])
def test_only_the_gaussian_process_is_told_a_score_for_rejections_and_not_before_a_result(kind, told):
    oracle = new(kind)
    for number, status in enumerate(("over_budget", "completed", "over_budget")):
        accuracy = 0.7 if status == "completed" else None
        oracle.tell(Trial(number=number, status=status, values=oracle.ask(), seed=1, val_accuracy=accuracy))
    assert [trial.score for trial in oracle._brain.trials.values()] == [None, 0.7, told]


def test_hyperband_promotes_the_best_third_and_rejections_take_no_place():
    trials = explore(new("hyperband"), [], 1000)
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
            scores = {trial.number: trial.val_accuracy or 0.0 for trial in before}
            best = sorted(scores.values(), reverse=True)[: len(promoted)]
            assert sorted((scores[parent] for parent in parents), reverse=True) == best
            assert all(trial.values["tuner/epochs"] == 3 * before[0].values["tuner/epochs"] for trial in promoted)


def test_hyperband_goes_on_when_most_trials_fail():
    oracle, failed = new("hyperband"), 0
    while (values := oracle.ask()) is not None and failed < 100:
        oracle.tell(Trial(number=failed, status="failed", values=values, seed=1, reason="all do"))
        failed += 1
    assert failed == 9 + 3 + 1 + 5 + 2 + 3


def test_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    explore(new("random"), [], 3)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""
