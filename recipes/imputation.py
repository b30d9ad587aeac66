"""Imputation: cells of a table that are missing, told from those that are there.

The lecture's "predict missing data". A network with masks learns to tell cells that are hidden from the others, by the
task imputation; beside it stand the mean of a column, or its most frequent word, and scikit-learn's IterativeImputer,
which fits a linear model of each column to all others in turns (van Buuren & Groothuis-Oudshoorn 2011, "mice", Journal
of Statistical Software 45). Gondara & Wang 2018, "MIDA", PAKDD, report that a denoising autoencoder is better than such
chained equations on 13 of 15 tables.

All of them see the same training rows, with the gaps that these have, and tell the same hidden cells of the test rows;
cells that are not known in the table are never asked for. Errors are root mean squares on the scale of the training
deviation, so that the mean has about 1. Cells hide by chance, or, in the last claim, those above the mean of their
column do: then what is to be learned from known cells is not what is asked.

Run it by `keras-dl run imputation`: scikit-learn's measurements of breast cancer; `--table FILE.csv` takes any table.
"""

from __future__ import annotations

import dataclasses
import os
import warnings
from pathlib import Path
from typing import Self

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data import Data, fingerprint, load
from keras_dl.data.gaps import groups, of_features
from keras_dl.data.table import Table
from keras_dl.data.whole_table import whole_table
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Experiment, Results
from keras_dl.fields import Count, Fraction, Positive
from keras_dl.figures import plain, save_figure
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.quiet import Quiet

METHODS = {"mean": "mean or mode", "iterative": "IterativeImputer", "network": "masked imputer"}
SHARES = (0.1, 0.3, 0.5)
"""of the known test cells that are hidden"""
BY_VALUE = "above the mean"
WAYS = (*SHARES, BY_VALUE)
"""what is hidden"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Imputation(Experiment):
    """Tell hidden cells by a network, by linear models in turns, and by the mean."""

    table: str | None = None
    """a .csv file; default scikit-learn's table of breast cancer, 569 rows of 30 numbers without gaps"""
    seeds: Count = 3
    """how often each measurement is repeated, with other rows, hidden cells and initial weights"""
    hidden: Fraction = 0.3
    """share of the known cells that is hidden in training"""
    units: Count = 128
    """of each hidden layer"""
    steps: Count = 2000
    """training steps"""
    batch_size: Count = 64
    """rows per step"""
    learning_rate: Positive = 1e-3
    """Adam's; it falls to 0 along a cosine"""

    def placed(self) -> Self:
        placed = super().placed()
        return placed if self.table is None else dataclasses.replace(placed, table=os.path.abspath(self.table))

    def run(self) -> Results:
        fingerprint.keep(self._data(0), self.folder())
        return super().run()

    def _data(self, seed: int) -> Data:
        if self.table is not None:
            return load(Path(self.table), whole=True, seed=seed)
        from sklearn.datasets import load_breast_cancer

        found = load_breast_cancer()
        columns = {str(name): [*map(str, cells)] for name, cells in zip(found.feature_names, found.data.T, strict=True)}
        origin = {"kind": "scikit-learn's breast cancer"}
        return whole_table(columns, "breast cancer", validation=0.1, seed=seed, origin=origin)

    def cells(self) -> list[dict]:
        return [{"method": method} for method in METHODS]

    def measure(self, *, seed: int, method: str) -> dict:
        """For each of `WAYS` the root mean square "error" of numbers, and the "accuracy" of words in %, if any."""
        data = self._data(seed)
        train, test = (np.array(split.columns["features"].values) for split in (data.train, data.test))
        found = groups(Table.from_json(data.spec.columns["features"].vocabulary))
        impute = getattr(self, f"_{method}")(data, train, seed)
        told = []
        for way in WAYS:
            hidden = self._hidden(test, found, way, np.random.default_rng(seed))
            told.append(_told(impute(np.where(hidden, np.nan, test)), test, hidden, found))
        errors, accuracies = zip(*told, strict=True)
        return {"error": [*errors], "accuracy": [*accuracies]}

    def _hidden(self, features, found, way, generator) -> np.ndarray:
        """Which of `features` (rows, width) are hidden: known ones, cell by cell."""
        place = of_features(found)
        if way == BY_VALUE:
            chances = np.where(np.nan_to_num(features) > 0, 0.5, 0.05)
            drawn = generator.random((len(features), len(found)))[:, place] < chances
            drawn = np.stack([drawn[:, group.start] for group in found], axis=1)[:, place]
        else:
            drawn = (generator.random((len(features), len(found))) < way)[:, place]
        return drawn & ~np.isnan(features)

    def _mean(self, data, train, seed):
        return lambda test: np.broadcast_to(np.nanmean(train, axis=0), test.shape)

    def _iterative(self, data, train, seed):
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401
        from sklearn.impute import IterativeImputer

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that ten rounds are not always enough
            return IterativeImputer(random_state=seed, keep_empty_features=True).fit(train).transform

    def _network(self, data, train, seed):
        task = get_task("imputation", hidden=self.hidden).for_data(data.spec)
        config = get_config("masked_imputer", units=self.units).for_data(data.spec)
        options = Options(learning_rate=self.learning_rate, schedule="cosine", warmup=0.0)
        training = Quiet.of(config, options, self.steps, task=task)
        network = training.begin(seed)
        arrange = task.arrange(network)
        training.fit(data.train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))
        return lambda test: task.outputs(network, {"features": test.astype("float32")})

    def claims(self, results: Results) -> list[Claim]:
        key = "error" if results.rows[0]["error"][0] is not None else "accuracy"
        sign = 1 if key == "error" else -1
        what = "error" if key == "error" else "accuracy in %"
        found = {
            method: dict(zip(WAYS, sign * results.values(key, method=method).T, strict=True)) for method in METHODS
        }
        few, middle, many = SHARES
        network = found["network"]
        return [
            Claim(
                text="Cells can be told from the others of their row (lecture: predict missing data)",
                quantity=f"{what} of the network less that of the mean, {middle:.0%} hidden, negative where better",
                measured=network[middle] - found["mean"][middle],
                at_most=-0.1 if key == "error" else -5,
            ),
            Claim(
                text="A network is as good as linear models in turns (Gondara & Wang 2018)",
                quantity=f"{what} of the network less that of IterativeImputer, {middle:.0%} hidden",
                measured=network[middle] - found["iterative"][middle],
                at_most=0.02 if key == "error" else 1,
                published="better on 13 of 15 tables",
            ),
            Claim(
                text="The more is missing, the less is told",
                quantity=f"{what} of the network, {many:.0%} less {few:.0%} hidden",
                measured=network[many] - network[few],
                at_least=0.01 if key == "error" else 0.5,
            ),
            Claim(
                text="Gaps that have a reason in what they hide are told worse than gaps by chance (Rubin 1976)",
                quantity=f"{what} of the network, mostly large values hidden, less {middle:.0%} hidden by chance",
                measured=network[BY_VALUE] - network[middle],
                at_least=0.01 if key == "error" else 0.5,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        keys = [key for key in ("error", "accuracy") if results.rows[0][key][0] is not None]
        labels = {"error": "error of numbers, in deviations", "accuracy": "accuracy of words, %"}
        figure = Figure(figsize=(5.5 * len(keys), 4.2), layout="constrained")
        for axes, key in zip(figure.subplots(1, len(keys), squeeze=False)[0], keys, strict=True):
            for shift, (method, label) in enumerate(METHODS.items()):
                values = results.values(key, method=method)
                place = np.arange(len(WAYS)) + 0.27 * shift - 0.27
                axes.bar(place, values.mean(axis=0), 0.25, yerr=values.std(axis=0), capsize=3, label=label)
            axes.set_xticks(range(len(WAYS)), [*(f"{share:.0%} hidden" for share in SHARES), BY_VALUE])
            axes.set(ylabel=labels[key])
            axes.grid(alpha=0.3, axis="y")
            axes.legend()
        figure.suptitle(f"{plain(self._data(0).spec.name)}: hidden cells of test rows")
        save_figure(figure, folder / "imputation.png")


def _told(guesses, truth, hidden, found) -> tuple[float | None, float | None]:
    """The error of the numbers that are `hidden`, and the accuracy of the words, in %; None where there are none."""
    numbers = [group.start for group in found if not group.of_words]
    errors = (guesses - truth)[:, numbers][hidden[:, numbers]]
    right = [np.zeros(0)]
    for group in found:
        if group.of_words:
            rows, of = hidden[:, group.start], slice(group.start, group.stop)
            right.append(guesses[rows, of].argmax(axis=1) == truth[rows, of].argmax(axis=1))
    right = np.concatenate(right)
    error = float(np.sqrt(np.mean(errors**2))) if errors.size else None
    return error, 100 * float(right.mean()) if right.size else None
