"""Forecasting: the next numbers of a series, from those before, and by these the ones after them.

The loss is the mean squared error of the next step, of numbers brought to mean 0 and deviation 1 over the training
split. Networks that tell the next step at each step learn from all of them; in evaluation every network is asked for
the one after a whole window. So are "rmse" and "mae", in the units of the data, and "skill": 1 less the squared error
over that of the last value, which is 0 for a forecast that nothing will change, and 1 for a perfect one (Murphy,
"Skill scores based on the mean square error", Monthly Weather Review 116, 1988).

Answers go on with a series: each step that is told is taken for granted by the next.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.series import NEXT, SERIES, windowed
from keras_dl.data.standardized import in_units
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras, tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task

DRAWN = 3
"""numbers of a series, and places to go on from, that are drawn"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Forecasting(Task):
    """Tell what comes next in a series."""

    objective = LOSS
    wants = (("moment",),)

    steps: Count = 48
    """steps of a series that the network sees"""
    horizon: Count = 24
    """steps by which an answer goes on with a series"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if not (hasattr(config, "series") or hasattr(config, "input_shape")):
            raise UsageError(f"{self.name} is for networks of series, such as next_step_predictor; not {config.family}")
        return windowed(data, self.steps if like is None else like.columns[SERIES].shape[0], like)

    def inputs(self, batch):
        series = batch[SERIES]
        return {SERIES: series, "features": series, "padding_mask": tf.ones(tf.shape(series)[:2], "bool")}

    def prepare(self, batch, key):
        series, following = batch[SERIES], batch[NEXT]
        steps = series.shape[1]
        every = tf.concat([series[:, 1:], following[:, None]], axis=1)
        last = tf.one_hot(steps - 1, steps, float(steps))  # so that the mean over all steps is the last one's
        weights = tf.ones(steps) if key is not None else last
        return self.inputs(batch), every, tf.broadcast_to(weights, tf.shape(series)[:2])

    def arrange(self, network):
        if isinstance(network.output, dict):
            raise UsageError(f"{network.name} has several outputs; {self.name} is for networks of one")
        if len(network.output.shape) == 3:
            return super().arrange(network)

        def arranged(batch, key):
            x, every, _ = self.prepare(batch, key)
            return self.taken(network, x), every[:, -1]

        return arranged

    def compiling(self, network, config, options):
        return {"loss": keras.losses.MeanSquaredError(), "weighted_metrics": []}

    def example(self, network, count):
        x, _ = super().example(network, count)
        return x, np.zeros((count, *network.output.shape[1:]), "float32")

    def scores(self, network, config, split, spec):
        series, right = (split.columns[name].values for name in (SERIES, NEXT))
        scale = in_units(np.ones(1), spec, deviations=True)
        errors = (self._next(network, series) - right) * scale
        resting = (series[:, -1] - right) * scale
        return {
            "rmse": float(np.sqrt(np.mean(np.square(errors)))),
            "mae": float(np.mean(np.abs(errors))),
            "skill": 1 - float(np.mean(np.square(errors)) / max(np.mean(np.square(resting)), 1e-30)),
        }

    def answers(self, network, config, inputs, spec):
        names = spec.columns[SERIES].names
        told = in_units(self.continued(network, inputs[SERIES]), spec)
        return [dict(zip(names, series.T.tolist(), strict=True)) for series in told]

    def continued(self, network: keras.Model, series: np.ndarray) -> np.ndarray:
        """The `horizon` steps after each of the windows `series` (n, steps, numbers), of mean 0 and deviation 1."""
        seen = series
        for _ in range(self.horizon):
            following = self._next(network, seen[:, -series.shape[1] :])
            seen = np.concatenate([seen, following[:, None]], axis=1)
        return seen[:, series.shape[1] :]

    def _next(self, network: keras.Model, series: np.ndarray) -> np.ndarray:
        outputs = self.outputs(network, {SERIES: series})
        return outputs[:, -1] if outputs.ndim == 3 else outputs

    def draw(self, network, config, split, spec, path):
        from matplotlib.figure import Figure

        from keras_dl.figures import plain, save_figure

        truth = in_units(split.columns[NEXT].values, spec)[-4 * DRAWN * self.horizon :]
        first = len(split) - len(truth)
        starts = np.unique(np.linspace(0, max(0, len(truth) - self.horizon), DRAWN).astype(int))
        told = in_units(self.continued(network, split.columns[SERIES].take(first + starts)), spec)
        shown = spec.columns[SERIES].names[:DRAWN]
        figure = Figure(figsize=(9, 1 + 2.2 * len(shown)), layout="constrained")
        for place, axes in enumerate(figure.subplots(len(shown), squeeze=False)[:, 0]):
            axes.plot(first + np.arange(len(truth)), truth[:, place], color="gray", label="what came")
            for number, (start, series) in enumerate(zip(starts, told, strict=True)):
                axes.plot(
                    first + start + np.arange(self.horizon),
                    series[:, place],
                    color="C1",
                    label=None if number else f"{self.horizon} steps told",
                )
            axes.set(ylabel=plain(shown[place]), xlabel="moment of the split")
            axes.grid(alpha=0.3)
            axes.legend()
        save_figure(figure, path)
        return True
