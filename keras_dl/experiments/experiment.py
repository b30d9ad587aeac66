"""A recipe that repeats measurements over seeds and ends in claims: what the literature says, and whether it held."""

from __future__ import annotations

import abc
import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from rich.table import Table

from keras_dl import storage
from keras_dl.config import Config
from keras_dl.console import plain_console
from keras_dl.data import Data, fingerprint, load
from keras_dl.data.options import DataOptions
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.recipe import Recipe
from keras_dl.fields import Count
from keras_dl.figures import only_a_note
from keras_dl.names import note
from keras_dl.training import Options
from keras_dl.training.quiet import Quiet

LEDGER, CLAIMS = "results.jsonl", "claims.json"


@dataclasses.dataclass(frozen=True)
class Results:
    """Everything that was measured: a row for each cell and seed, with the cell, "seed" and what `measure` gave."""

    rows: tuple[dict[str, Any], ...]

    def values(self, key: str, **cell) -> np.ndarray:
        """What the rows of `cell` (any of its keywords) hold under `key`, in the order of the seeds: (rows, ...)."""
        found = [row for row in self.rows if all(row.get(name) == value for name, value in cell.items())]
        if not found:
            raise KeyError(f"nothing was measured for {cell}")
        return np.array([row[key] for row in sorted(found, key=lambda row: row["seed"])])

    def mean(self, key: str, **cell) -> Any:
        """The mean of `values` over the rows: a number, or an array where each row holds one."""
        return self.values(key, **cell).mean(axis=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment(Recipe):
    """Base of the recipes that show a claim: each says what it measures, what that must show, and how it looks.

    Every measurement is a line of results.jsonl, so that a run that was interrupted repeats none of them, and one with
    more seeds than before adds theirs.
    """

    prolongs = ("seeds",)

    seeds: Count = 5
    """how often each measurement is repeated, with other random numbers"""

    @abc.abstractmethod
    def cells(self) -> list[dict[str, Any]]:
        """What is measured at each seed: the keyword arguments of `measure`, as JSON holds them."""

    @abc.abstractmethod
    def measure(self, *, seed: int, **cell) -> dict[str, Any]:
        """One measurement, as JSON holds it. `seed` decides everything random."""

    @abc.abstractmethod
    def claims(self, results: Results) -> list[Claim]:
        """What the literature says about `results`."""

    @abc.abstractmethod
    def draw(self, results: Results, folder: Path) -> None:
        """Save the figures of `results` in `folder`, as PNGs."""

    def run(self) -> Results:
        """Returns everything measured; the claims are printed and kept in claims.json, the figures beside it."""
        folder = self.folder()
        console = plain_console()
        lines = self._measured(folder / LEDGER)
        done = [(line["cell"], line["seed"]) for line in lines]
        jobs = [(cell, seed) for seed in range(self.seeds) for cell in self.cells() if (cell, seed) not in done]
        for cell, seed in track(jobs, "measuring", console=console):
            lines.append({"cell": cell, "seed": seed, "found": self.measure(seed=seed, **cell)})
            storage.append_checked_line(folder / LEDGER, lines[-1])
        results = Results(tuple({**line["cell"], "seed": line["seed"], **line["found"]} for line in lines))
        claims = self.claims(results)
        storage.write_json(folder / CLAIMS, [claim.to_json() for claim in claims])
        with only_a_note("the figures"):
            self.draw(results, folder)
        console.print(_table(claims, f"{self.name}: mean and spread over {self.seeds} seeds"))
        console.print(
            f"{sum(claim.held for claim in claims)} of {len(claims)} claims held. The figures are in {folder}."
        )
        return results

    def quiet(self, config: Config, options: Options, steps: int = 1, **settings: Any) -> Quiet:
        """Trainings of the network of `config`, as `Quiet.of` makes them of these arguments: once for all seeds."""
        key = (config, options, steps, *settings.items())
        if key not in self._quiets:
            self._quiets[key] = Quiet.of(config, options, steps, **settings)
        return self._quiets[key]

    @functools.cached_property
    def _quiets(self) -> dict[tuple, Quiet]:
        return {}

    def _measured(self, ledger: Path) -> list[dict[str, Any]]:
        """What was measured before, without what is damaged, which is measured again."""
        lines, damaged = storage.read_checked_lines(ledger)
        if damaged:
            note(f"{ledger} is damaged in line {', '.join(map(str, damaged))}; that is measured again")
            storage.write(ledger, "".join(json.dumps(storage.checked_line(line)) + "\n" for line in lines))
        if lines and (most := max(line["seed"] for line in lines) + 1) > self.seeds:
            raise UsageError(f"{ledger.parent} holds {most} seeds; it can be prolonged, not cut to {self.seeds}")
        return lines


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataExperiment(DataOptions, Experiment):
    """An experiment on a data set. What it measured before must have been on the same data."""

    def run(self) -> Results:
        fingerprint.keep(self.dataset, self.folder())
        return super().run()

    @functools.cached_property
    def dataset(self) -> Data:
        """The data that the options name."""
        return load(self.data, **self.loading)

    def check_examples(self, count: int, option: str = "examples") -> None:
        """Raise `UsageError` where there are fewer than the `count` training examples that `option` asks for."""
        if (found := len(self.dataset.train)) < count:
            raise UsageError(f"{option} asks for {count}; {self.data} has {found} training examples")


def _table(claims: list[Claim], title: str) -> Table:
    table = Table("what the literature says", "measured", "wanted", "verdict", title=title, show_lines=True)
    for claim in claims:
        published = f" (published: {claim.published})" if claim.published else ""
        table.add_row(claim.text, f"{claim.quantity}: {claim.found}{published}", claim.bounds, claim.verdict)
    return table
