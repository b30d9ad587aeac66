"""Depth against width: on data at equal numbers of parameters, and on a function that is composed like a deep network.

Mhaskar, Liao & Poggio, "When and Why Are Deep Networks Better than Shallow Ones?", AAAI 2017; Poggio et al., "Why and
when can deep-but not shallow-networks avoid the curse of dimensionality", IJAC 2017; Barron, "Universal approximation
bounds for superpositions of a sigmoidal function", IEEE Trans. Inf. Theory 39(3), 1993.

- Multilayer perceptrons of one to eight hidden layers learn the data. Their widths are solved for, so that every
  network is within 5 % of its budget of parameters. Which of them err least at their size is the front of the figure;
  `keras-dl run search` finds such networks by itself.
- A function of eight variables is composed of functions h(a, b) = tanh(2ab + a - b) in a binary tree. A tree of small
  sums of units, a shallow network with as many units, and as many random features, which are fixed, learn it.
- The same with fewer and with more examples.

The lecture's table gives, for an accuracy of 0.1 in M variables, 10^(M r), 10 M C^2 and 100 M r^2 units for a fixed
basis, a shallow network and a composed one. These are bounds on the order, and 10^8 units cannot be tried; what can be
measured is how the error falls. That h mixes its two inputs matters: a sum of functions of one variable each is easy
for a shallow network as well.

Run it by `keras-dl run depth-vs-width`, with `--data usps_zip` on zip codes.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import describe, get_config
from keras_dl.analysis.copies import Copies
from keras_dl.analysis.flatness import squared_error
from keras_dl.analysis.interpolation import random_features
from keras_dl.analysis.matched_width import TOLERANCE, matched_width
from keras_dl.config import Config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Bounds, Count, Counts, Growing, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.training import Options
from keras_dl.training.order import random_order
from keras_dl.training.quiet import error_rate

BATCH = 64
VARIABLES, NODES, UNSEEN, COMPOSED_BATCH, STARTS = 8, 7, 5000, 100, 3
THREE = Bounds(f"three from {COMPOSED_BATCH}", lambda value: len(value) == 3 and value[0] >= COMPOSED_BATCH)
UNITS = (5, 10, 20)
OVERFITS = (
    "they overfit: training loss 0.008 against 0.024, but 5.6 against 2.2 % of held-out training pictures wrong "
    "(3 other seeds); skip connections bring 3.3 %"
)
NETWORKS = {"tree": "tree", "shallow": "shallow network", "fixed": "fixed random features"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class DepthVsWidth(DataExperiment):
    """Error against parameters for deep and shallow networks, on data and on a composed function."""

    seeds: Count = 3
    """how often each measurement is repeated, with other examples and first weights"""
    budgets: Counts = (3000, 10000, 30000)
    """parameters of the networks that learn the data"""
    depths: Growing = (1, 2, 4, 8)
    """their hidden layers, growing"""
    steps: Count = 1500
    """their training steps, of 64 examples"""
    learning_rate: Positive = 2e-3
    """Adam's for them at first; it falls to 0 along a cosine"""
    examples: Annotated[Growing, THREE] = (1000, 5000, 10000)
    """examples of the composed function, growing; the middle one is that of the comparison over sizes"""
    composed_steps: Count = 1500
    """training steps on it, of 100 examples"""

    def cells(self) -> list[dict]:
        few, middle, many = self.examples
        sizes = [(network, units, middle) for network in NETWORKS for units in UNITS]
        sizes += [("tree", UNITS[-1], few), ("shallow", UNITS[-1], many)]
        mlps = [{"part": "data", "depth": depth, "budget": budget} for depth, budget in self._configs]
        return mlps + [{"part": "composed", "network": n, "units": u, "examples": e} for n, u, e in sizes]

    def measure(self, *, seed: int, part: str, **cell) -> dict:
        return self._learn_data(seed, **cell) if part == "data" else self._learn_composed(seed, **cell)

    def _learn_data(self, seed: int, depth: int, budget: int) -> dict:
        """The parameters of a network and its error on the test split, in %."""
        data, config = self.dataset, self._configs[depth, budget]
        loop = self.quiet(config, Options(learning_rate=self.learning_rate, schedule="cosine", warmup=0), self.steps)
        model = loop.begin(seed)
        order = random_order(len(data.train), self.steps, BATCH, np.random.default_rng(seed))
        loop.run(data.train.inputs(), data.train.labels, order)
        error = error_rate(model, data.test.inputs(), data.test.labels)
        return {"parameters": describe(config).parameters, "units": config.hidden[0], "error": error}

    def _learn_composed(self, seed: int, network: str, units: int, examples: int) -> dict:
        """The parameters of a network and its squared error on new points, in variances of the function."""
        generator = np.random.default_rng(seed)
        x, unseen = (generator.uniform(-1, 1, (n, VARIABLES)).astype("float32") for n in (self.examples[-1], UNSEEN))
        y, truth = composed(x), composed(unseen)
        if network == "fixed":
            ones = [np.hstack([points, np.ones((len(points), 1))]) for points in (x[:examples], unseen)]
            _, (found,) = random_features(ones[0], y[:examples], ones[1], [NODES * units], seed=seed)
            parameters = NODES * units
        else:
            copies = self._copies[network, units]
            copies.restart(seed)
            copies.run(x, y, generator.integers(0, examples, (self.composed_steps, COMPOSED_BATCH)))
            losses = np.mean((copies.outputs(x[:examples]) - y[:examples]) ** 2, axis=(1, 2))
            model = copies.take(int(losses.argmin()))
            found, parameters = model(unseen).numpy(), model.count_params()
        return {"parameters": parameters, "error": float(np.mean((found - truth) ** 2) / truth.var())}

    @functools.cached_property
    def _configs(self) -> dict[tuple[int, int], Config]:
        """The network of each depth and budget. Raises `UsageError` where none is near enough."""
        config = get_config("mlp").for_data(self.dataset.spec)
        return {
            (depth, budget): matched_width(config, depth, budget) for depth in self.depths for budget in self.budgets
        }

    @functools.cached_property
    def _copies(self) -> dict:
        def copies(config: Config) -> Copies:
            rate = keras.optimizers.schedules.CosineDecay(0.02, self.composed_steps)
            return Copies(config, STARTS, keras.optimizers.Adam(rate), squared_error)

        trees = {("tree", units): copies(get_config("poggio_tree", units=units)) for units in UNITS}
        return trees | {("shallow", q): copies(get_config("poggio_shallow", units=NODES * q)) for q in UNITS}

    def claims(self, results: Results) -> list[Claim]:
        few, middle, many = self.examples
        shallow, *deeper = self.depths

        def test_error(depth: int) -> np.ndarray:
            return np.mean([results.values("error", part="data", depth=depth, budget=b) for b in self.budgets], axis=0)

        off = [
            abs(results.values("parameters", part="data", depth=depth, budget=budget) / budget - 1).max()
            for depth, budget in self._configs
        ]

        def error(network: str, units: int = UNITS[-1], examples: int = middle) -> np.ndarray:
            return results.values("error", network=network, units=units, examples=examples)

        def slope(network: str) -> np.ndarray:
            errors = np.log([error(network, units) for units in UNITS])
            return np.polyfit(np.log(UNITS), errors, 1)[0]

        return [
            Claim(
                text="Widths can be chosen so that deep and shallow networks are compared at equal parameters",
                quantity="largest deviation from the budget",
                measured=100 * float(max(off)),
                unit="%",
                at_most=TOLERANCE,
                exact=True,
            ),
            *(
                Claim(
                    text=f"'We need to go deeper': at equal parameters {depth} hidden layers err less than {shallow}",
                    quantity="difference of the test errors, mean over the budgets",
                    measured=test_error(depth) - test_error(shallow),
                    unit="points",
                    at_most=0,
                    reason=OVERFITS if (self.data, depth) == ("digits", 8) else "",
                )
                for depth in deeper
            ),
            Claim(
                text="On a composed function a tree errs far less than a shallow network (Mhaskar et al. 2017)",
                quantity=f"squared error of the tree over that of the shallow one, each of {NODES * UNITS[-1]} units",
                measured=error("tree") / error("shallow"),
                published="0.03",
                at_most=0.1,
            ),
            Claim(
                text="So it does with fewer parameters",
                quantity=f"the same, tree of {28 * UNITS[-1]} parameters, shallow network of {70 * UNITS[1]}",
                measured=error("tree") / error("shallow", UNITS[1]),
                at_most=0.1,
            ),
            Claim(
                text="Its error falls faster with its size",
                quantity="slope of log error against log units, tree less shallow network",
                measured=slope("tree") - slope("shallow"),
                published="-1.6",
                at_most=-0.5,
            ),
            Claim(
                text="Units that learn beat as many fixed ones in many variables (Barron 1993)",
                quantity="squared error of the shallow network over that of fixed random features",
                measured=error("shallow") / error("fixed"),
                at_most=1,
            ),
            Claim(
                text="A tree needs far fewer examples than a shallow network (Poggio et al. 2017)",
                quantity=f"squared error of the tree with {few} examples over that of the other with {many}",
                measured=error("tree", examples=few) / error("shallow", examples=many),
                at_most=1,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(14, 4.4), layout="constrained")
        data, sizes, counts = figure.subplots(1, 3)
        points = []
        for depth in self.depths:
            x, y, spread = _curve(results, [{"part": "data", "depth": depth, "budget": b} for b in self.budgets])
            points += zip(x, y, strict=True)
            data.errorbar(x, y, spread, marker="o", capsize=3, label=f"{depth} hidden layer{'s' * (depth > 1)}")
        front = [point for point in sorted(points) if point[1] <= min(y for x, y in points if x <= point[0])]
        data.step(*zip(*front, strict=True), where="post", color="black", linestyle=":", label="front")
        data.set(xscale="log", xlabel="parameters", ylabel="test error, %", title=self.subject)
        data.set_xticks(self.budgets, [f"{budget:,}" for budget in self.budgets])
        data.minorticks_off()
        for network, label in NETWORKS.items():
            cells = [{"network": network, "units": units, "examples": self.examples[1]} for units in UNITS]
            x, y, spread = _curve(results, cells)
            sizes.errorbar(x, y, spread, marker="o", capsize=3, label=label)
        for network, seen in (("tree", self.examples[:2]), ("shallow", self.examples[1:])):
            cells = [{"network": network, "units": UNITS[-1], "examples": count} for count in seen]
            _, y, spread = _curve(results, cells)
            counts.errorbar(seen, y, spread, marker="o", capsize=3, label=NETWORKS[network])
        sizes.set(xlabel="parameters", title=f"composed function, {self.examples[1]:,} examples")
        counts.set(xlabel="examples", title=f"composed function, {NODES * UNITS[-1]} units")
        for axes in (sizes, counts):
            axes.set(xscale="log", yscale="log", ylabel="squared error / variance")
        for axes in (data, sizes, counts):
            axes.grid(alpha=0.3, which="both")
            axes.legend(fontsize="small")
        save_figure(figure, folder / "depth_vs_width.png")


def _curve(results: Results, cells: list[dict]) -> tuple[list[float], list[float], list[float]]:
    """The parameters, and the mean and spread of the error, of each of `cells`."""
    errors = [results.values("error", **cell) for cell in cells]
    parameters = [float(results.mean("parameters", **cell)) for cell in cells]
    return parameters, [float(values.mean()) for values in errors], [float(values.std()) for values in errors]


def composed(x: np.ndarray) -> np.ndarray:
    """h3(h21(h11, h12), h22(h13, h14)) with h(a, b) = tanh(2ab + a - b) everywhere: (n, 8) -> (n, 1)."""
    while x.shape[1] > 1:
        a, b = x[:, ::2], x[:, 1::2]
        x = np.tanh(2 * a * b + a - b)
    return x
