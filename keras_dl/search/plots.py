"""What a search found, as pictures: score against cost, and every trial as a line through its values."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from keras_dl.figures import save_figure
from keras_dl.learning.objective import Objective
from keras_dl.search.ledger import COMPLETED, OVER_BUDGET, Trial
from keras_dl.search.settings import Settings

if TYPE_CHECKING:
    import keras_tuner

Cost = Callable[[Trial], float | None]
TICKS, MOST_TICKS = 5, 9


def parameters(trial: Trial) -> int | None:
    return trial.parameters


def latency(trial: Trial) -> float | None:
    return trial.latency


def pareto_front(trials: Sequence[Trial], objective: Objective, cost: Cost = parameters) -> list[Trial]:
    """The completed trials that no trial of the same `cost` or less beats, from cheap to dear."""
    front: list[Trial] = []
    completed = (trial for trial in trials if trial.status == COMPLETED and cost(trial) is not None)
    for trial in sorted(completed, key=lambda t: (cost(t), objective.rank(t.score))):
        if not front or objective.rank(trial.score) < objective.rank(front[-1].score):
            front.append(trial)
    return front


def plot_scores(trials: Sequence[Trial], objective: Objective, settings: Settings, path: Path, title: str) -> None:
    """Draw score against parameters and against latency, each with its Pareto front and the limit of the budget."""
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2, sharey=True)
    _plot_front(left, trials, objective, parameters, "parameters", settings.max_parameters)
    _plot_front(right, trials, objective, latency, "milliseconds for one input", settings.max_latency)
    left.set_ylabel(f"validation {objective.words}")
    save_figure(figure, path)


def _plot_front(
    axes: Axes, trials: Sequence[Trial], objective: Objective, cost: Cost, name: str, most: float | None
) -> None:
    completed = [trial for trial in trials if trial.status == COMPLETED and cost(trial) is not None]
    over = [cost(trial) for trial in trials if trial.status == OVER_BUDGET and cost(trial) is not None]
    front = pareto_front(trials, objective, cost)
    axes.set(xscale="log", xlabel=name)
    axes.scatter([cost(t) for t in completed], [t.score for t in completed], s=28, label="trials", zorder=3)
    costs, scores = [cost(t) for t in front], [t.score for t in front]
    ring = {"marker": "o", "markersize": 10, "markerfacecolor": "none"}  # a front of one trial has no line
    axes.step(costs, scores, where="post", label="Pareto front", color="C1", **ring)
    if over:
        floor = axes.get_xaxis_transform()
        axes.scatter(over, [0.03] * len(over), transform=floor, marker="x", color="C3", s=28, label="over budget")
        axes.update_datalim([(figure, 0) for figure in over], updatey=False)
        axes.autoscale_view()
    if most is not None:
        axes.axvline(most, color="C3", linestyle="--", linewidth=1, label=f"limit {most:,}")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(EngFormatter(sep="") if cost is parameters else "{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)
    axes.legend(loc="best")


@dataclasses.dataclass(frozen=True)
class _Scale:
    """Where the values of one hyperparameter lie between 0 and 1: evenly, by logarithm, or by rank."""

    name: str
    ticks: tuple[Any, ...]
    log: bool
    ranked: bool

    def place(self, value: Any) -> float:
        """NaN for a hyperparameter that a trial does not have."""
        if value is None:
            return math.nan
        if self.ranked:
            return self.ticks.index(value) / max(1, len(self.ticks) - 1)
        low, high = self.ticks[0], self.ticks[-1]
        if low == high:
            return 0.5
        if self.log:
            return math.log(value / low) / math.log(high / low)
        return (value - low) / (high - low)


def plot_parallel(
    trials: Sequence[Trial], objective: Objective, space: keras_tuner.HyperParameters, path: Path, title: str
) -> None:
    """Draw every completed trial as a line through its values, in the colour of its score, the best on top."""
    ranked = sorted((t for t in trials if t.status == COMPLETED), key=lambda t: -objective.rank(t.score))
    worst, best = ranked[0], ranked[-1]
    unique = {parameter.name: parameter for parameter in space.space}  # one has an entry for each of its conditions
    scales = [_scale(parameter) for parameter in unique.values()]
    marks = dict.fromkeys(np.linspace(worst.score, best.score, TICKS))
    scales.append(_Scale(objective.words, tuple(marks), log=False, ranked=False))
    ends, colour_map = sorted((worst.score, best.score)), "plasma_r" if objective.direction == "max" else "plasma"
    colours = ScalarMappable(Normalize(*ends), colormaps[colour_map])
    figure = Figure(figsize=(max(6, 1.25 * len(scales) + 1.5), 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlim=(-0.3, len(scales) - 0.7), ylim=(-0.06, 1.06))
    axes.set_xticks(range(len(scales)), [scale.name.replace("_", "\n") for scale in scales])
    axes.tick_params(axis="x", length=0, pad=8)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    for trial in ranked:
        values = [trial.values.get(scale.name) for scale in scales[:-1]] + [trial.score]
        places = [scale.place(value) for scale, value in zip(scales, values, strict=True)]
        style = {"linewidth": 3.5, "alpha": 1.0} if trial is best else {"linewidth": 1.4, "alpha": 0.75}
        axes.add_patch(PathPatch(_curve(places), edgecolor=colours.to_rgba(trial.score), fill=False, **style))
    for position, scale in enumerate(scales):
        axes.axvline(position, ymin=0.05, ymax=0.95, color="0.25", linewidth=1, zorder=3)
        for tick in scale.ticks:
            axes.annotate(
                f"{tick:.3g}" if isinstance(tick, float) else str(tick),
                (position, scale.place(tick)),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                zorder=4,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
            )
    figure.colorbar(colours, ax=axes, label=f"validation {objective.words}", pad=0.01, aspect=30)
    save_figure(figure, path)


def _curve(places: Sequence[float]) -> Curve:
    """A line through (0, places[0]), (1, places[1]), ... that meets every axis level; a gap where one is missing."""
    points, codes = [(0.0, places[0])], [Curve.MOVETO]
    for left, (before, after) in enumerate(itertools.pairwise(places)):
        if math.isnan(before) or math.isnan(after):
            points.append((left + 1, after))
            codes.append(Curve.MOVETO)
        else:
            points += [(left + 0.5, before), (left + 0.5, after), (left + 1, after)]
            codes += [Curve.CURVE4] * 3
    return Curve([(x, 0.0 if math.isnan(y) else y) for x, y in points], codes)


def _scale(parameter: Any) -> _Scale:
    name, log = parameter.name, getattr(parameter, "sampling", None) == "log"
    if not hasattr(parameter, "min_value"):
        return _Scale(name, tuple(parameter.values), log=False, ranked=True)
    low, high = parameter.min_value, parameter.max_value
    if isinstance(low, int):
        values = [int(value) for value in parameter.values]
        some = values[:: math.ceil(len(values) / MOST_TICKS)]
        return _Scale(name, tuple(dict.fromkeys((*some, values[-1]))), log=log, ranked=False)
    if log and high / low >= 100:
        decades = [10.0**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
        return _Scale(name, tuple(dict.fromkeys((low, *decades, high))), log=True, ranked=False)
    ticks = np.geomspace(low, high, TICKS) if log else np.linspace(low, high, TICKS)
    return _Scale(name, tuple(map(float, ticks)), log=log, ranked=False)
