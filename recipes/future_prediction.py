"""Future prediction: a network that tells the next step of a series, where it is worth it and where nothing is.

Lapedes & Farber, "Nonlinear signal processing using neural networks: prediction and system modelling", Los Alamos
LA-UR-87-2662, 1987, foretell the series of Mackey & Glass, "Oscillation and chaos in physiological control systems",
Science 197, 1977: a network is more accurate than a linear model, and the more so the further it looks ahead. Yule, "On
a method of investigating periodicities in disturbed series", 1927, has the linear autoregression. Of a random walk the
last value is the best forecast that there is, so what is to be beaten is the last value, not the mean.

Three series, drawn by the seed: the chaotic one of Mackey and Glass, with a delay of 17 and a step of 6; a linear
autoregression of second order with noise; a random walk. Of each the last value, least squares on a window, and a GRU
that reads the same window tell the next step of the last fifth; each step that is told is taken for granted by the
next.

Run it by `keras-dl run future-prediction`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data import Data
from keras_dl.data.series import NEXT, SERIES, from_series, windowed
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Experiment, Results
from keras_dl.fields import Count, Positive, at_least
from keras_dl.figures import save_figure
from keras_dl.tasks import get_task
from keras_dl.training import Options

METHODS = {"last": "the last value", "linear": "linear autoregression", "network": "GRU"}
DRAWN = 30
"""steps of the picture"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FuturePrediction(Experiment):
    """Foretell three series by the last value, a linear autoregression and a recurrent network."""

    seeds: Count = 3
    """how often each measurement is repeated, with another series"""
    moments: Annotated[int, at_least(200)] = 3000
    """length of a series"""
    window: Count = 24
    """steps that all methods see"""
    ahead: Count = 14
    """steps that are told one after another; 14 are the 84 units of time that the literature looks ahead"""
    units: Count = 64
    """units of the GRU"""
    steps: Count = 1200
    """training steps of each network"""
    batch_size: Count = 64
    """windows per step"""
    learning_rate: Positive = 5e-3
    """Adam's at the start; it falls to 0"""

    def cells(self) -> list[dict]:
        return [{"series": series, "method": method} for series in MAKERS for method in METHODS]

    def measure(self, *, seed: int, series: str, method: str) -> dict:
        """ "errors" of each of the steps `ahead`, the root of the mean square over the deviation of the series, and one
        "forecast" with what "came"."""
        values = MAKERS[series](self.moments, np.random.default_rng([seed, [*MAKERS].index(series)]))
        data = windowed(from_series(values), self.window)
        windows, following = (data.test.columns[name].values for name in (SERIES, NEXT))
        ahead = min(max(self.ahead, DRAWN), len(windows))
        told = TELLERS[method](self, data, windows, ahead, seed)[..., 0]
        came = np.lib.stride_tricks.sliding_window_view(following[:, 0], ahead)
        errors = np.sqrt(np.mean(np.square(told[: len(came)] - came), axis=0)) / following.std()
        return {"errors": errors[: self.ahead].tolist(), "forecast": told[0].tolist(), "came": came[0].tolist()}

    def _network(self, data: Data, windows: np.ndarray, ahead: int, seed: int) -> np.ndarray:
        task = get_task("forecasting", horizon=ahead)
        config = get_config("next_step_predictor", units=self.units).for_data(data.spec)
        options = Options(learning_rate=self.learning_rate, schedule="cosine")
        training = self.quiet(config, options, self.steps, task=task)
        network = training.begin(seed)
        arrange = task.arrange(network)
        training.fit(data.train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))
        return task.continued(network, windows)

    def claims(self, results: Results) -> list[Claim]:
        found = {cell: results.values("errors", series=cell[0], method=cell[1]) for cell in _pairs()}
        chaos = {method: found["mackey_glass", method] for method in METHODS}
        last = self.ahead - 1
        return [
            Claim(
                text="A network tells the next step of a chaotic series better than its last value",
                quantity="error of the next step, network over last value",
                measured=chaos["network"][:, 0] / chaos["last"][:, 0],
                at_most=0.2,
            ),
            Claim(
                text="It is more accurate than a linear model (Lapedes & Farber 1987)",
                quantity="error of the next step, network over linear autoregression",
                measured=chaos["network"][:, 0] / chaos["linear"][:, 0],
                at_most=0.5,
            ),
            Claim(
                text="It still knows where the linear model has lost its way (Lapedes & Farber 1987)",
                quantity=f"error {self.ahead} steps ahead, network over linear autoregression",
                measured=chaos["network"][:, last] / chaos["linear"][:, last],
                at_most=0.5,
            ),
            Claim(
                text="Chaos: errors grow from step to step, so that the far future cannot be told",
                quantity=f"error of the network {self.ahead} steps ahead over that of the next step",
                measured=chaos["network"][:, last] / chaos["network"][:, 0],
                at_least=3,
            ),
            Claim(
                text="Of a linear series least squares are as good as any network",
                quantity="error of the next step, network over linear autoregression",
                measured=found["linear", "network"][:, 0] / found["linear", "linear"][:, 0],
                at_least=0.97,
            ),
            Claim(
                text="Of a random walk nothing tells more than the last value",
                quantity="error of the next step, network over last value",
                measured=found["random_walk", "network"][:, 0] / found["random_walk", "last"][:, 0],
                at_least=0.97,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10, 2.6 * len(MAKERS)), layout="constrained")
        steps = np.arange(1, DRAWN + 1)
        for (left, right), series in zip(figure.subplots(len(MAKERS), 2), MAKERS, strict=True):
            left.plot(steps, results.values("came", series=series, method="last")[0][:DRAWN], "k", label="what came")
            for method, label in METHODS.items():
                told = results.values("forecast", series=series, method=method)[0][:DRAWN]
                left.plot(steps, told, label=label)
                errors = results.values("errors", series=series, method=method)
                right.semilogy(np.arange(1, self.ahead + 1), errors.mean(axis=0), label=label)
            title = series.replace("_", " ")
            left.set(title=f"{title}: a forecast", xlabel="steps ahead", ylabel="standardized")
            right.set(title=f"{title}: error", xlabel="steps ahead", ylabel="error / deviation")
            right.grid(alpha=0.3)
        left.legend(fontsize=8)
        save_figure(figure, folder / "future_prediction.png")


def _pairs() -> list[tuple[str, str]]:
    return [(series, method) for series in MAKERS for method in METHODS]


def mackey_glass(count: int, generator: np.random.Generator) -> np.ndarray:
    """dx/dt = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x(t), each 6 units of time, (count,), after some time."""
    step, delay, every, before = 0.1, 170, 60, 100
    x = np.empty(delay + 1 + (count + before) * every)
    x[: delay + 1] = 1.2 + 0.2 * generator.uniform(-1, 1)
    for now in range(delay, len(x) - 1):
        past = x[now - delay]
        x[now + 1] = x[now] + step * (0.2 * past / (1 + past**10) - 0.1 * x[now])
    return x[delay + 1 :: every][-count:]


def linear_series(count: int, generator: np.random.Generator) -> np.ndarray:
    """x(t) = 1.6 x(t - 1) - 0.8 x(t - 2) + noise, (count,): waves of 13 steps that come and go."""
    x, noise = np.zeros(count + 100), generator.normal(size=count + 100)
    for now in range(2, len(x)):
        x[now] = 1.6 * x[now - 1] - 0.8 * x[now - 2] + noise[now]
    return x[-count:]


def random_walk(count: int, generator: np.random.Generator) -> np.ndarray:
    """The sum of all noise up to now, pulled a little to 0, so that it stays in the range of its past, (count,)."""
    x, noise = np.zeros(count), generator.normal(size=count)
    for now in range(1, count):
        x[now] = 0.995 * x[now - 1] + noise[now]
    return x


def _resting(recipe: FuturePrediction, data: Data, windows: np.ndarray, ahead: int, seed: int) -> np.ndarray:
    return np.repeat(windows[:, -1:], ahead, axis=1)


def _linear(recipe: FuturePrediction, data: Data, windows: np.ndarray, ahead: int, seed: int) -> np.ndarray:
    """Least squares of the next step on all steps of the window and 1."""

    def inputs(series):
        return np.pad(series[..., 0].astype("float64"), ((0, 0), (0, 1)), constant_values=1)

    past, following = (data.train.columns[name].values for name in (SERIES, NEXT))
    weights = np.linalg.lstsq(inputs(past), following.astype("float64"))[0]
    seen = windows
    for _ in range(ahead):
        following = inputs(seen[:, -windows.shape[1] :]) @ weights
        seen = np.concatenate([seen, following[:, None]], axis=1)
    return seen[:, windows.shape[1] :]


MAKERS = {"mackey_glass": mackey_glass, "linear": linear_series, "random_walk": random_walk}
TELLERS = {"last": _resting, "linear": _linear, "network": FuturePrediction._network}
