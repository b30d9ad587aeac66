"""Experiments repeat nothing, keep everything, and say what held."""

import dataclasses
import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from keras_dl import UsageError, get_config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Experiment, Results
from keras_dl.figures import save_figure
from keras_dl.training import Options

MEASURED = []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Coins(Experiment):
    """Throw coins that are more or less fair."""

    throws: int = 4
    """how often each is thrown"""

    def cells(self):
        return [{"coin": "fair"}, {"coin": "bent", "bend": 0.9}]

    def measure(self, *, seed, coin, bend=0.5):
        MEASURED.append((coin, seed))
        throws = np.random.default_rng(seed).random(self.throws) < bend
        return {"heads": float(throws.mean()), "throws": throws.tolist()}

    def claims(self, results):
        return [
            Claim(text="a fair coin", quantity="heads", measured=results.values("heads", coin="fair"), at_most=1.0),
            Claim(text="a bent coin", quantity="heads", measured=results.values("heads", coin="bent"), at_least=2.0),
        ]

    def draw(self, results, folder):
        figure = Figure()
        figure.subplots().bar(["fair", "bent"], [results.mean("heads", coin=coin) for coin in ("fair", "bent")])
        save_figure(figure, folder / "coins.png")


@pytest.fixture(autouse=True)
def _nothing_measured():
    MEASURED.clear()


def test_measures_every_cell_at_every_seed(tmp_path, capsys):
    results = Coins(out=str(tmp_path), seeds=3).run()
    assert [(coin, seed) for seed in range(3) for coin in ("fair", "bent")] == MEASURED
    assert results.values("throws", coin="bent").shape == (3, 4)
    assert results.mean("heads", coin="fair") == np.mean(results.values("throws", coin="fair"))
    printed = capsys.readouterr().out
    assert "1 of 2 claims held" in printed and "did not hold" in printed
    claims = json.loads((tmp_path / "claims.json").read_text())
    assert [claim["held"] for claim in claims] == [True, False]
    assert (tmp_path / "coins.png").exists()


def test_goes_on_where_it_was_cut_off(tmp_path):
    whole = Coins(out=str(tmp_path / "whole"), seeds=2).run()
    cut = tmp_path / "cut"
    Coins(out=str(cut), seeds=2).run()
    ledger = cut / "results.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(lines[:2]) + lines[2][:20])
    MEASURED.clear()
    assert Coins(out=str(cut), seeds=2).run().rows == whole.rows
    assert MEASURED == [("fair", 1), ("bent", 1)]
    assert ledger.read_text() == (tmp_path / "whole" / "results.jsonl").read_text()


@pytest.mark.parametrize(
    "change", [lambda line: line[:9] + b"\xff" + line[10:], lambda line: line.replace(b"0.", b"9.")]
)
def test_what_is_damaged_is_measured_again(tmp_path, capsys, change):
    whole = Coins(out=str(tmp_path), seeds=2).run()
    ledger = tmp_path / "results.jsonl"
    text = ledger.read_bytes()
    lines = text.splitlines(keepends=True)
    assert change(lines[1]) != lines[1]
    ledger.write_bytes(lines[0] + change(lines[1]) + b"".join(lines[2:]))
    MEASURED.clear()
    again = Coins(out=str(tmp_path), seeds=2).run()
    assert MEASURED == [("bent", 0)]
    assert sorted(map(str, again.rows)) == sorted(map(str, whole.rows))
    assert "results.jsonl is damaged in line 2; that is measured again" in capsys.readouterr().err


def test_more_seeds_add_theirs_and_fewer_are_refused(tmp_path):
    Coins(out=str(tmp_path), seeds=1).run()
    MEASURED.clear()
    assert len(Coins(out=str(tmp_path), seeds=2).run().rows) == 4
    assert MEASURED == [("fair", 1), ("bent", 1)]
    with pytest.raises(UsageError, match="holds 2 seeds; it can be prolonged, not cut to 1"):
        Coins(out=str(tmp_path), seeds=1).run()


def test_figures_that_cannot_be_drawn_do_not_cost_the_claims(tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise ValueError("no such glyph")

    monkeypatch.setattr(Coins, "draw", refuse)
    Coins(out=str(tmp_path), seeds=1).run()
    assert "the figures could not be drawn: ValueError: no such glyph" in capsys.readouterr().err
    assert len(json.loads((tmp_path / "claims.json").read_text())) == 2


def test_other_options_need_another_folder(tmp_path):
    Coins(out=str(tmp_path), seeds=1).run()
    with pytest.raises(UsageError, match="throws=4, not 5"):
        Coins(out=str(tmp_path), seeds=1, throws=5).run()


def test_needs_a_seed():
    with pytest.raises(UsageError, match="seeds must be at least 1, got 0"):
        Coins(seeds=0)


def test_results_are_in_the_order_of_the_seeds():
    results = Results(({"cell": 1, "seed": 1, "x": 10}, {"cell": 1, "seed": 0, "x": 5}, {"cell": 2, "seed": 0, "x": 7}))
    assert results.values("x", cell=1).tolist() == [5, 10]
    with pytest.raises(KeyError, match="nothing was measured"):
        results.values("x", cell=3)


@pytest.mark.parametrize(
    ("values", "bounds", "exact", "held"),
    [
        ([1.0, 3.0], {"at_least": 2.0}, False, True),
        ([1.0, 3.0], {"at_least": 2.0}, True, False),
        ([1.0, 3.0], {"at_most": 1.9}, False, False),
        ([1.0, 3.0], {"at_least": 1.0, "at_most": 3.0}, True, True),
        (0.5, {"at_least": 0.0, "at_most": 0.4}, False, False),
        ([np.nan, 1.0], {"at_least": -9.0}, False, False),
        ([np.inf], {"at_most": 9.0}, False, False),
    ],
)
def test_verdicts(values, bounds, exact, held):
    claim = Claim(text="t", quantity="q", measured=values, exact=exact, **bounds)
    assert claim.held is held
    assert claim.verdict == ("held" if held else "did not hold")
    again = Claim.from_json(json.loads(json.dumps(claim.to_json())))
    assert (again.held, again.found, again.bounds) == (held, claim.found, claim.bounds)


def test_words_of_a_claim():
    claim = Claim(text="t", quantity="q", measured=[1.0, 2.0], at_least=3.0, unit="%", reason="too small a network")
    assert claim.found == "1.5 ± 0.5 %"
    assert claim.bounds == "at least 3 %"
    assert claim.verdict == "did not hold: too small a network"
    assert Claim(text="t", quantity="q", measured=12345.0, at_most=2.0).found == "12,345"


def test_a_claim_that_cannot_fail_is_refused():
    with pytest.raises(ValueError, match="cannot fail"):
        Claim(text="t", quantity="q", measured=1.0)
    with pytest.raises(ValueError, match="one value a seed"):
        Claim(text="t", quantity="q", measured=np.zeros((2, 2)), at_least=0.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Digits(DataExperiment, Coins):
    """Coins on data."""


def test_a_training_is_made_once_for_its_arguments():
    recipe = Digits()
    config, options = get_config("vanilla_nn"), Options(learning_rate=0.01)
    loop = recipe.quiet(config, options, 10, xla=False)
    assert recipe.quiet(config, Options(learning_rate=0.01), 10, xla=False) is loop
    others = (recipe.quiet(config, options, 20, xla=False), recipe.quiet(config, Options(), 10, xla=False))
    assert loop not in (*others, Digits().quiet(config, options, 10, xla=False))


def test_more_examples_than_there_are_are_refused():
    Digits().check_examples(100)
    with pytest.raises(UsageError, match="labels asks for 5000; digits has 12.. training examples"):
        Digits().check_examples(5000, "labels")
