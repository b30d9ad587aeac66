"""Thirty-three years of progress on one network: the convolutional network of 1989, one change after the other.

LeCun et al., "Backpropagation applied to handwritten zip code recognition", Neural Computation 1(4), 1989, reports
5.00 % of test errors. Karpathy, "Deep neural nets: 33 years ago and 33 years from now", 2022, repeats it on as many
MNIST digits at 16x16, and then changes how the network is trained, not how large it is. A row of the ladder keeps the
changes above it, and learns from single examples in a constant order. His figures and those of a lecture that follows
him are of draws that are not known, so each seed makes its own; he drops out H2, the lecture H3, and both are here.

Run it by `keras-dl run lecun-1989`. The published ladder is `--data mnist --passes 1`, which takes an hour, most of it
for the rows of 50,000 digits; other data have fewer rows. `--data usps_zip --passes 1` takes zip codes of that time,
which are harder. Nothing is chosen on validation data, so they are trained on as well.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data import Split
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, up_to
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf
from keras_dl.tasks.classification import judged
from keras_dl.training import Options
from keras_dl.training.quiet import Quiet, error_rate


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the ladder."""

    change: str
    """what it adds"""
    changes: int
    """how many of these it has: cross-entropy, AdamW, shifts, ReLU with dropout"""
    passes: int
    """over the training examples, as published"""
    lecture: float | None = None
    karpathy: float | None = None
    """published test errors, %"""
    dropped: str = "h3"
    """the layer whose units are dropped out, if any are"""
    many: bool = False
    """whether there are 50,000 examples instead of 7,291"""


ROWS = {
    "faithful": Row("as in 1989", 0, 23, 4.14, 4.09),
    "cross_entropy": Row("+ cross-entropy, SGD 0.01", 1, 23, 4.58, 4.38),
    "adamw": Row("+ AdamW, 46 passes", 2, 46, 3.64, 3.59),
    "shift": Row("+ shift by a pixel, 60 passes", 3, 60, 2.29, 2.19),
    "modern": Row("+ ReLU, dropout of H3, 80 passes", 4, 80, 2.09),
    "modern_h2": Row("   the same with dropout of H2", 4, 80, None, 1.59, dropped="h2"),
    "faithful_50000": Row("as in 1989, 50,000 digits", 0, 23, 3.05, 3.05, many=True),
    "modern_50000": Row("all changes, 50,000 digits", 4, 80, 1.31, 1.25, many=True),
}
FEW, MANY = (7_291, 2_007), (50_000, 10_000)
COMPARED = [("adamw", "cross_entropy"), ("shift", "adamw"), ("modern", "shift")]
COMPARED += [(f"{row}_50000", row) for row in ("faithful", "modern")]
EXPECTED = {"mnist": 4.14, "usps_zip": 5.0}
"""test error of the network of 1989, %, where it is published"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeCun1989(DataExperiment):
    """Modernise the training of the network of 1989 step by step, and compare its test errors with the published."""

    seeds: Count = 2
    """how often the ladder is repeated, with other draws of the examples and other initial weights"""
    passes: Annotated[float, up_to(10)] = 0.25
    """passes over the training examples, as a share of the published ones"""

    def cells(self) -> list[dict]:
        return [{"row": name} for name, row in ROWS.items() if len(self._splits[0]) >= MANY[0] or not row.many]

    def measure(self, *, seed: int, row: str) -> dict:
        """The errors (%) on all training and test examples of the draw, and the number of weights."""
        sizes = MANY if ROWS[row].many else FEW
        train, test = (drawn(split, size, seed) for split, size in zip(self._splits, sizes, strict=True))
        loop, inputs = self._loops[row], train.inputs()
        keras.utils.set_random_seed(seed)
        loop.restart(self._config(row).build())
        loop.run(inputs, train.labels, np.arange(self._steps(row))[:, None] % len(train), seed=seed)
        return {
            "train_error": error_rate(loop.model, inputs, train.labels),
            "test_error": error_rate(loop.model, test.inputs(), test.labels),
            "weights": loop.model.count_params(),
        }

    def claims(self, results: Results) -> list[Claim]:
        rows = [cell["row"] for cell in self.cells()]
        test = {row: results.values("test_error", row=row) for row in rows}
        learned = results.values("train_error", row="faithful")
        name = {row: ROWS[row].change.removeprefix("+ ") for row in rows}
        pictures = min(len(self._splits[1]), FEW[1])
        small = "" if self.data in EXPECTED else f"one of the {pictures} test pictures is {100 / pictures:.2f} points"
        found = [
            Claim(
                text="No change adds a weight to the 9,760 of 1989",
                quantity="most weights of a row, less the fewest",
                measured=float(np.ptp(results.values("weights"))),
                at_most=0,
                exact=True,
            ),
            Claim(
                text="The network of 1989 learns its training examples (LeCun et al. 1989)",
                quantity="training error",
                measured=learned,
                at_most=1,
                unit="%",
                published="0.14 %; Karpathy 0.62 %",
            ),
            Claim(
                text="Cross-entropy fits the training examples better (Karpathy 2022)",
                quantity="training error with cross-entropy, less that as in 1989",
                measured=results.values("train_error", row="cross_entropy") - learned,
                at_most=0,
                unit="points",
                published="0.00 % against 0.62 %",
            ),
        ]
        if self.data in EXPECTED:
            published = EXPECTED[self.data]
            found.append(
                Claim(
                    text="Trained as in 1989, it is within a point of the published test error",
                    quantity="test error",
                    measured=test["faithful"],
                    at_least=published - 1,
                    at_most=published + 1,
                    unit="%",
                    published=f"{published:.2f} %",
                )
            )
        found += [
            *(
                Claim(
                    text=f"{name[row]}: fewer test errors than {name[before]} (Karpathy 2022)",
                    quantity="difference in test error",
                    measured=test[row] - test[before],
                    at_most=0,
                    unit="points",
                    published=f"{ROWS[row].lecture} % against {ROWS[before].lecture} %",
                    reason=small,
                )
                for row, before in COMPARED
                if row in rows
            ),
            Claim(
                text="All changes together leave at most 65 % of the test errors (Karpathy 2022: a cut by 60 %)",
                quantity="test error with all changes over that of 1989",
                measured=test["modern"] / np.maximum(test["faithful"], 1e-9),
                at_most=0.65,
                published="0.50; Karpathy 0.39",
                reason=small,
            ),
        ]
        if "modern_50000" in rows:
            found.append(
                Claim(
                    text="All changes and 50,000 digits: about 1.3 % of test errors, with the same network",
                    quantity="test error",
                    measured=test["modern_50000"],
                    at_most=1.45,
                    unit="%",
                    published="1.31 %; Karpathy 1.25 %",
                )
            )
        return found

    def draw(self, results: Results, folder: Path) -> None:
        rows = [cell["row"] for cell in self.cells()]
        figure = Figure(figsize=(8.5, 1.8 + 0.5 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for key, label, style in (
            ("test_error", "here, test", {"color": "C0", "markersize": 8}),
            ("train_error", "here, training", {"color": "C7", "markerfacecolor": "none"}),
        ):
            values = np.array([results.values(key, row=row) for row in rows])
            spread = {"xerr": values.std(axis=1), "capsize": 3}
            axes.errorbar(values.mean(axis=1), range(len(rows)), fmt="o", **spread, label=label, **style)
        for source, marker in (("lecture", "x"), ("karpathy", "+")):
            published = np.array([getattr(ROWS[row], source) for row in rows], "float64")
            label = f"published ({source.title()}), test, MNIST"
            axes.plot(published, range(len(rows)), f"C3{marker}", markersize=9, label=label)
        axes.axvline(5.0, color="C3", linestyle=":", label="LeCun et al. 1989, test, zip codes")
        axes.set_yticks(range(len(rows)), [ROWS[row].change for row in rows])
        axes.invert_yaxis()
        title = f"33 years on {self.subject}, {self.passes:g} of the published passes"
        axes.set(xlabel="error, %", xlim=(-0.1, None), title=title)
        axes.grid(axis="x", alpha=0.3)
        figure.legend(loc="outside lower center", ncols=3, fontsize="small")
        save_figure(figure, folder / "ladder.png")

    @functools.cached_property
    def _splits(self) -> tuple[Split, Split]:
        """Everything to train on, and everything to test on."""
        self.dataset.spec.check_size((16, 16), "the network of 1989")
        data = self.dataset.resized((16, 16, self.dataset.spec.shape[2]))
        parts = data.train, data.validation
        labels = np.concatenate([part.labels for part in parts])
        return Split.of(np.concatenate([part.inputs() for part in parts]), labels), data.test

    def _config(self, row: str):
        changes = ROWS[row].changes
        if changes == 4:
            config = get_config("lecun1989_modern", dropout_after=ROWS[row].dropped)
        else:
            config = get_config("lecun1989_zip", classifier_activation=None if changes else "tanh")
        return config.for_data(self.dataset.spec)

    def _steps(self, row: str) -> int:
        examples = min(len(self._splits[0]), (MANY if ROWS[row].many else FEW)[0])
        return max(1, round(ROWS[row].passes * self.passes * examples))

    @functools.cached_property
    def _loops(self) -> dict[str, Quiet]:
        return {cell["row"]: self._loop(cell["row"]) for cell in self.cells()}

    def _loop(self, name: str) -> Quiet:
        """The training of a row as published, but that the rate of AdamW falls at every step, not after each pass."""
        row, config = ROWS[name], self._config(name)
        model = config.build()
        optimizer = keras.optimizers.SGD(0.01 if row.changes else 0.03)
        if row.changes >= 2:
            falling = keras.optimizers.schedules.PolynomialDecay(3e-4, self._steps(name), 1e-4)
            optimizer = keras.optimizers.AdamW(falling, weight_decay=0.01, epsilon=1e-8)
        weight = 1.0 if row.changes else 1 / self.dataset.spec.classes  # the mean over the outputs
        model.compile(optimizer, judged(config, Options())["loss"], loss_weights=[weight])
        return Quiet(model, augment=shift if row.changes >= 3 else None)


def drawn(split: Split, size: int, seed: int) -> Split:
    """`size` examples of `split` at random, or all if there are not more; `seed` decides which, and their order."""
    return split.take(np.random.default_rng(seed).permutation(len(split))[:size])


def shift(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Move `pictures` (batch, height, width, channels) by up to one pixel along each side, all of them alike."""
    top, left = tf.unstack(tf.random.stateless_uniform([2], seed, maxval=3, dtype=tf.int32))
    padded = tf.pad(pictures, [[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.ensure_shape(tf.slice(padded, [0, top, left, 0], tf.shape(pictures)), pictures.shape)
