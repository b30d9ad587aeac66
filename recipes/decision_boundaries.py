"""What two neurons, eight neurons, and two layers of four can tell apart in the plane.

Prince, "Understanding Deep Learning", MIT Press 2023, chapter 4.5; the TensorFlow playground, Smilkov et al. 2017.
Three networks learn three problems of two classes: a ring around another, the quadrants of exclusive or, and two moons.
A boundary of two hidden tanh units has at most two bends and cannot close around the inner ring; eight units can, in
one layer or two.

What a hidden layer does is to move the points so that a straight line parts them better. A logistic regression on the
inputs and on each layer of the network of two layers says how well; so does the distance of the two classes, in units
of their widths, along the direction of Fisher's linear discriminant. Both are fitted on the training points. The figure
shows the points of a layer of four units along their two principal components.

The best of several first weights counts, best by the loss on the training points. Accuracies are those on new points.

Run it by `keras-dl run decision-boundaries`.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.analysis.copies import Copies
from keras_dl.analysis.signals import layer_outputs
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Experiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras

NETWORKS = {
    "mlp_1x2": "one layer, 2 neurons",
    "mlp_1x8": "one layer, 8 neurons",
    "mlp_2x4": "two layers, 4 + 4 neurons",
}
PROBLEMS = ("circle", "xor", "moons")
DEEP, LAYERS = "mlp_2x4", ("input", "first layer", "second layer")
POINTS, UNSEEN, GRID, NOISE = 400, 2000, 60, 0.1


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecisionBoundaries(Experiment):
    """Compare the decision boundaries of three small networks on three problems in the plane."""

    seeds: Count = 3
    """how often each measurement is repeated, with other points and first weights"""
    starts: Count = 5
    """first weights of which the best count"""
    steps: Count = 2000
    """training steps, each on all 400 points"""
    learning_rate: Positive = 0.05
    """Adam's, at first; it falls to 0 along a cosine"""

    def cells(self) -> list[dict]:
        return [{"network": network, "problem": problem} for network in NETWORKS for problem in PROBLEMS]

    def measure(self, *, seed: int, network: str, problem: str) -> dict:
        """The accuracy on new points, in %, and the logits on a grid; of the deep network also the layers' points."""
        generator = np.random.default_rng([seed, PROBLEMS.index(problem)])
        x, labels = points(problem, POINTS, generator)
        unseen, answers = points(problem, UNSEEN, generator)
        copies = self._copies[network]
        copies.restart(seed)
        copies.run(x, labels[:, None].astype("float32"), np.tile(np.arange(POINTS), (self.steps, 1)))
        losses = [keras.losses.binary_crossentropy(labels, z[:, 0], from_logits=True) for z in copies.outputs(x)]
        model = copies.take(int(np.argmin(losses)))
        side = np.linspace(-2, 2, GRID, dtype="float32")
        plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        found = {
            "accuracy": 100 * float(np.mean((model(unseen).numpy()[:, 0] > 0) == answers)),
            "logits": model(plane).numpy().reshape(GRID, GRID).round(3).tolist(),
            "points": x.round(3).tolist(),
            "labels": labels.tolist(),
        }
        return found | (self._layers(model, x, labels, unseen, answers) if network == DEEP else {})

    def _layers(self, model: keras.Model, x, labels, unseen, answers) -> dict:
        """How well a line parts the classes in the inputs and in each hidden layer, and the points as it sees them."""
        from sklearn.decomposition import PCA
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
        from sklearn.linear_model import LogisticRegression

        train, test = ([values, *layer_outputs(model, values, "*_activation").values()] for values in (x, unseen))
        found = {"probes": [], "distances": [], "views": []}
        for seen, new in zip(train, test, strict=True):
            probe = LogisticRegression(C=100, max_iter=2000).fit(seen, labels)
            found["probes"].append(100 * probe.score(new, answers))
            along = LinearDiscriminantAnalysis().fit(seen, labels).transform(new)[:, 0]
            first, second = along[answers == 0], along[answers == 1]
            found["distances"].append(float(abs(first.mean() - second.mean()) / np.hypot(first.std(), second.std())))
            found["views"].append(PCA(2).fit_transform(seen).round(3).tolist())
        return found

    @functools.cached_property
    def _copies(self) -> dict:
        def loss(labels, logits):
            return keras.ops.mean(keras.losses.binary_crossentropy(labels, logits, from_logits=True))

        def optimizer():
            return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(self.learning_rate, self.steps))

        return {name: Copies(get_config(name), self.starts, optimizer(), loss) for name in NETWORKS}

    def claims(self, results: Results) -> list[Claim]:
        def claim(text: str, network: str, problem: str, **bounds) -> Claim:
            return Claim(
                text=text,
                quantity=f"accuracy on new points of the best of {self.starts} starts",
                measured=results.values("accuracy", network=network, problem=problem),
                unit="%",
                **bounds,
            )

        probes = results.values("probes", network=DEEP, problem="moons")
        distances = results.values("distances", network=DEEP, problem="moons")
        return [
            claim("Two neurons cannot close a boundary around a ring", "mlp_1x2", "circle", at_most=90),
            claim("Eight neurons can (Prince 2023, chapter 4.5)", "mlp_1x8", "circle", at_least=97),
            claim("Two layers of four neurons can as well", "mlp_2x4", "circle", at_least=97),
            claim("One hidden layer solves exclusive or, which no line does", "mlp_1x8", "xor", at_least=97),
            Claim(
                text="Each layer moves the points so that a line parts them better (lecture, 'geometric view')",
                quantity="least growth, from one layer to the next, of the distance of two moons in their own widths",
                measured=(distances[:, 1:] / distances[:, :-1]).min(axis=1),
                at_least=1,
            ),
            Claim(
                text="In the last hidden layer a line parts what it could not part in the inputs",
                quantity="accuracy of a linear classifier there, less that on the inputs, two moons",
                measured=probes[:, -1] - probes[:, 0],
                unit="points",
                at_least=5,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10, 10), layout="constrained")
        grid = figure.subplots(len(PROBLEMS), len(NETWORKS), sharex=True, sharey=True)
        side = np.linspace(-2, 2, GRID)
        for row, problem in zip(grid, PROBLEMS, strict=True):
            for axes, (network, title) in zip(row, NETWORKS.items(), strict=True):
                found = results.values("accuracy", network=network, problem=problem)
                logits = results.values("logits", network=network, problem=problem)[0]
                axes.contourf(side, side, logits, levels=[-1e9, 0, 1e9], colors=["#cfe0f5", "#fbdcc8"])
                axes.contour(side, side, logits, levels=[0], colors="black", linewidths=1.5)
                _scatter(axes, results.values("points", network=network, problem=problem)[0], results, problem)
                axes.set_title(f"{title}\n{found.mean():.1f} % ± {found.std():.1f}", fontsize=10)
                axes.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal")
            row[0].set_ylabel(f"{problem}: second input")
        for axes in grid[-1]:
            axes.set_xlabel("first input")
        figure.suptitle("Decision boundaries, and the accuracy on new points")
        save_figure(figure, folder / "decision_boundaries.png")

        figure = Figure(figsize=(11, 4), layout="constrained")
        probes = results.values("probes", network=DEEP, problem="moons")
        row = next(row for row in results.rows if (row["network"], row["problem"]) == (DEEP, "moons"))
        for index, (axes, layer) in enumerate(zip(figure.subplots(1, len(LAYERS)), LAYERS, strict=True)):
            _scatter(axes, np.array(row["views"][index]), results, "moons")
            found = probes[:, index]
            axes.set_title(f"{layer}: a line parts {found.mean():.1f} % ± {found.std():.1f}", fontsize=10)
            axes.set(xlabel="first principal component", ylabel="second principal component")
        figure.suptitle(f"Two moons on their way through {NETWORKS[DEEP]}")
        save_figure(figure, folder / "layers.png")


def _scatter(axes, places: np.ndarray, results: Results, problem: str) -> None:
    labels = results.values("labels", network=DEEP, problem=problem)[0]
    for label, color in ((0, "#1f5fa8"), (1, "#d1561b")):
        axes.scatter(*places[labels == label].T, s=5, color=color)


def points(problem: str, count: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`count` points of the plane, float32 (count, 2), most within -2..2, and their classes, 0 or 1 (count,)."""
    from sklearn import datasets

    seed = int(generator.integers(2**31))
    if problem == "circle":
        x, labels = datasets.make_circles(count, noise=NOISE, factor=0.4, random_state=seed)
        x *= 1.5
    elif problem == "moons":
        x, labels = datasets.make_moons(count, noise=NOISE, random_state=seed)
        x -= (0.5, 0.25)
    else:
        x = generator.choice([-1, 1], (count, 2)) * generator.uniform(NOISE, 1.8, (count, 2))
        labels = (x[:, 0] * x[:, 1] > 0).astype(int)
    return x.astype("float32"), labels
