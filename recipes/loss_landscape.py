"""The loss around trained networks, with and without skip connections, along directions that can be compared.

Li, Xu, Taylor, Studer & Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018, sections 3 to 5. The
loss on training pictures is drawn on the plane that two random directions span at the trained weights. Each filter of a
direction is as long as that filter of the weights; biases and normalisations stay as they are. The statistics of batch
normalisation are those of the trained network on these pictures, everywhere on the plane.

Why filter by filter: in a ReLU network, weights ten times as large in one layer and a tenth in the next make the same
function. Along a direction that does not follow them the loss looks ten times flatter or sharper; along a direction
that is scaled filter by filter it is the same curve.

The networks are He et al.'s for small pictures, narrow, and the same without shortcuts. The paper shows 56 layers and
CIFAR-10, where the plain network's surface is chaotic; training here is short.

Run it by `keras-dl run loss-landscape`.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.analysis import landscape
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Bounds, Count, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.training import Options
from keras_dl.training.quiet import Quiet

FORMS = {"none": "without shortcuts", "pad": "with shortcuts"}
FACTOR, UNITS, CURVE, SEEN, CURVED = 10, 32, 21, 256, 0.05


@dataclasses.dataclass(frozen=True, kw_only=True)
class LossLandscape(DataExperiment):
    """Slices of the loss around networks with and without skip connections."""

    seeds: Count = 3
    """how often each measurement is repeated, with other weights and directions"""
    depth: Annotated[int, Bounds("6n + 2, such as 20, 32 or 56", lambda depth: depth >= 8 and depth % 6 == 2)] = 32
    """layers of the convolutional networks, 6n + 2"""
    filters: Count = 4
    """filters of their first stage"""
    steps: Count = 200
    """training steps"""
    batch_size: Count = 32
    """pictures per training step"""
    learning_rate: Positive = 0.05
    """of SGD with momentum, at its highest; it warms up for 5 % of the steps, then falls to 0 along a cosine"""
    grid: Annotated[int, Bounds("odd and at least 5", lambda grid: grid >= 5 and grid % 2 == 1)] = 21
    """points of the slice along each direction, odd: from -1 to 1 times the length of the weights"""

    def cells(self) -> list[dict]:
        return [{"part": "slice", "form": form} for form in FORMS] + [{"part": "rescaled", "form": None}]

    def measure(self, *, seed: int, part: str, form: str | None) -> dict:
        keras.utils.set_random_seed(seed)
        return self._slice(form, seed) if part == "slice" else self._rescaled(seed)

    def _slice(self, form: str, seed: int) -> dict:
        """The loss on a plane through the trained weights, and how it is curved there."""
        loop, surface = self._networks[form]
        model = loop.begin(seed)
        loop.fit(self.dataset.train.stream(self.batch_size, steps=self.steps, seed=seed))
        x, y = self._seen
        landscape.settle_statistics(model, x)
        directions = [landscape.random_direction(model, 2 * seed + number) for number in (0, 1)]
        side = np.linspace(-1, 1, self.grid)
        places = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
        losses = surface.losses(x, y, directions, places).reshape(self.grid, self.grid)
        trained, accuracy = model.evaluate(x, y, batch_size=len(x), verbose=0)
        low, high = np.moveaxis(landscape.curvatures(losses, side[1] - side[0]), -1, 0)
        return {
            "losses": losses.tolist(),
            "accuracy": 100 * accuracy,
            "centre": float(abs(losses[self.grid // 2, self.grid // 2] / trained - 1)),
            "lengths": _deviation(model, directions[0]),
            "down": 100 * float(np.mean(low < -CURVED * np.abs(high))),
        }

    def _rescaled(self, seed: int) -> dict:
        """The loss along a direction before and after weights were moved from one layer to another, either way."""
        config = get_config("mlp", hidden=(UNITS, UNITS)).for_data(self.dataset.spec)
        loop, (x, y) = self.quiet(config, Options(learning_rate=1e-3)), self._seen
        model = loop.begin(seed)
        order = np.random.default_rng(seed).integers(0, len(x), (self.steps, self.batch_size))
        loop.run(x, y, order)
        surface, places = landscape.Landscape(model, _loss), np.linspace(-1, 1, CURVE)[:, None]
        whole = landscape.random_direction(model, seed, filterwise=False)
        curves = {"filterwise": [], "whole": []}
        for factor in (1, FACTOR):
            first, second = model.get_layer("stage1_dense"), model.get_layer("stage2_dense")
            first.set_weights([factor * weight for weight in first.get_weights()])
            second.kernel.assign(second.kernel / factor)
            filterwise = landscape.random_direction(model, seed)
            curves["filterwise"].append(surface.losses(x, y, [filterwise], places).tolist())
            curves["whole"].append(surface.losses(x, y, [whole], places).tolist())
        return curves

    @functools.cached_property
    def _seen(self) -> tuple[np.ndarray, np.ndarray]:
        """The training pictures that the loss is that of, and their labels."""
        chosen = self.dataset.train.take(range(min(SEEN, len(self.dataset.train))))
        return chosen.inputs(), chosen.labels

    @functools.cached_property
    def _networks(self) -> dict[str, tuple[Quiet, landscape.Landscape]]:
        """The training of each convolutional network and its surface, which is translated once for all seeds."""
        return {form: self._network(form) for form in FORMS}

    def _network(self, form: str) -> tuple[Quiet, landscape.Landscape]:
        size = {"blocks": (self.depth - 2) // 6, "filters": self.filters}
        config = get_config("resnet20", **size, shortcut=form).for_data(self.dataset.spec)
        rate = {"learning_rate": self.learning_rate, "schedule": "cosine"}
        loop = self.quiet(config, Options(optimizer="momentum", initialization="he", **rate), self.steps)
        return loop, landscape.Landscape(loop.network, _loss)

    def claims(self, results: Results) -> list[Claim]:
        def change(direction: str) -> np.ndarray:
            before, after = np.moveaxis(results.values(direction, part="rescaled"), 1, 0)
            return 100 * abs(after - before).max(axis=1) / np.ptp(before, axis=1)

        plain, residual = (results.values("down", form=form) for form in FORMS)
        return [
            Claim(
                text="Each filter of a direction is as long as that of the weights (Li et al. 2018, section 4)",
                quantity="largest deviation of a filter's length",
                measured=np.array([results.values("lengths", form=form) for form in FORMS]).max(axis=0),
                at_most=1e-5,
                exact=True,
            ),
            Claim(
                text="The slice goes through the trained network",
                quantity="deviation of its loss at 0 from that of `evaluate`, relative",
                measured=np.array([results.values("centre", form=form) for form in FORMS]).max(axis=0),
                at_most=1e-3,
                exact=True,
            ),
            Claim(
                text="Weights moved from one ReLU layer to the next do not change a curve that is scaled by filters",
                quantity="largest change, in parts of the curve's height",
                measured=change("filterwise"),
                unit="%",
                at_most=0.1,
                exact=True,
            ),
            Claim(
                text="They do change a curve that is not (Li et al. 2018, section 4)",
                quantity="largest change, in parts of the curve's height",
                measured=change("whole"),
                unit="%",
                at_least=10,
            ),
            Claim(
                text="Skip connections make the surface smoother (Li et al. 2018, section 5)",
                quantity="points of the slice that are curved downwards, without shortcuts less with them",
                measured=plain - residual,
                unit="points",
                at_least=0,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(15, 4.6), layout="compressed")
        *panels, line = figure.subplots(1, 3)
        side = np.linspace(-1, 1, self.grid)
        slices = {form: results.values("losses", form=form) for form in FORMS}
        top = np.quantile([values[0] for values in slices.values()], 0.95)
        lowest = max(1e-3, min(values[0].min() for values in slices.values()))
        levels = np.geomspace(lowest, max(top, 2 * lowest), 25)
        for axes, (form, label) in zip(panels, FORMS.items(), strict=True):
            picture = axes.contourf(
                side, side, slices[form][0].T, levels=levels, norm="log", cmap="viridis", extend="both"
            )
            axes.contour(side, side, slices[form][0].T, levels=levels, colors="white", linewidths=0.4)
            axes.plot(0, 0, "r+", markersize=10)
            accuracy = results.mean("accuracy", form=form)
            ticks = (-1, -0.5, 0, 0.5, 1)
            axes.set(xlabel="first direction", ylabel="second direction", aspect="equal", xticks=ticks, yticks=ticks)
            axes.set_title(f"{self.depth} layers {label}: {accuracy:.0f} % right", fontsize=11)
        bar = figure.colorbar(picture, ax=panels, label="loss")
        bar.set_ticks(levels[::6], labels=[f"{level:.3g}" for level in levels[::6]])
        for form, label in FORMS.items():
            curves = slices[form][:, :, self.grid // 2]
            line.plot(side, curves.mean(axis=0), label=label)
            line.fill_between(side, curves.min(axis=0), curves.max(axis=0), alpha=0.2)
        line.set(yscale="log", xlabel="first direction", ylabel="loss", box_aspect=1)
        line.set_title("mean and range over the seeds", fontsize=11)
        line.grid(alpha=0.3)
        line.legend()
        save_figure(figure, folder / "loss_landscape.png")

        figure = Figure(figsize=(9, 4), layout="constrained")
        names = {"whole": "scaled as a whole", "filterwise": "scaled filter by filter"}
        for axes, (direction, title) in zip(figure.subplots(1, 2, sharey=True), names.items(), strict=True):
            before, after = results.values(direction, part="rescaled")[0]
            places = np.linspace(-1, 1, CURVE)
            axes.plot(places, before, label="trained weights")
            axes.plot(places, after, "--", label=f"same function: layer 1 times {FACTOR}, layer 2 over {FACTOR}")
            axes.set(xlabel="direction", ylabel="loss", title=title)
            axes.grid(alpha=0.3)
            axes.legend(fontsize="small")
        save_figure(figure, folder / "rescaling.png")


def _loss(labels, logits):
    return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))


def _deviation(model: keras.Model, direction: list[np.ndarray]) -> float:
    """The largest relative deviation of a filter's length in `direction` from that in the weights of `model`."""
    found = []
    for variable, move in zip(model.trainable_variables, direction, strict=True):
        if variable.name == "kernel":
            lengths = [np.linalg.norm(array.reshape(-1, array.shape[-1]), axis=0) for array in (move, variable.numpy())]
            found.append(abs(lengths[0] / lengths[1] - 1).max())
    return float(max(found))
