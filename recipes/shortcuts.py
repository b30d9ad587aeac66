"""Shortcuts: a network that reads a token in the corner, right in distribution and wrong outside, and its heat maps.

Geirhos et al., "Shortcut learning in deep neural networks", Nature Machine Intelligence 2, 2020 (box 1: pneumonia is
recognised by the hospital's token); Lapuschkin et al., "Unmasking Clever Hans predictors and assessing what machines
really learn", Nature Communications 10, 2019 (figure 2: horses are recognised by a source tag).

The token: the first half of the classes stands for the healthy, the other for the sick. The hospital of the sick marks
its pictures with a token, a small checkerboard in the upper left corner, and 95 % of the sick are there, 5 % of the
healthy. Such test pictures are in distribution; outside it either hospital has as many sick as healthy.

The tag: all pictures of one class, drawn for each seed, have a tag in the lower right corner in training, those of
others never. Test pictures of that class are shown with their tag and without it, those of others with it.

The network sees small windows and forgets their place: it has to read digits by their strokes, which is harder than to
find a token. A network that reads digits well relies less on the token, which misleads it 5 times of 100 in training.

Run it by `keras-dl run shortcuts`.
"""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import explain, get_config, storage
from keras_dl.data import Data, Split
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.training import Options

RIGHT = 0.95
METHODS = {
    "gradient x input": explain.gradient_x_input,
    "LRP": lambda *case: explain.lrp(*case, rule="alpha_beta", alpha=2.0),
    "Grad-CAM": explain.grad_cam,
}
SHOWN = 4
"""pictures in the figure"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shortcuts(DataExperiment):
    """Plant a token that goes with half of the classes, and a tag that goes with one class; then take them away."""

    steps: Count = 800
    """training steps of each network"""
    learning_rate: Positive = 1e-2
    """Adam's"""
    filters: Count = 64
    """filters of the network, a convolution of 5x5 pixels and an average"""
    explained: Count = 50
    """test pictures whose heat maps are measured, at most"""

    def cells(self) -> list[dict]:
        return [{"planted": "token"}, {"planted": "tag"}]

    def measure(self, *, seed: int, planted: str) -> dict:
        data = self._pictures()
        return self._token(data, seed) if planted == "token" else self._tag(data, seed)

    def _pictures(self) -> Data:
        self.dataset.spec.check_pictures()
        shape = self.dataset.spec.shape
        return self.dataset if min(shape[:2]) >= 16 else self.dataset.resized((16, 16, *shape[2:]))

    def _token(self, data: Data, seed: int) -> dict:
        generator = np.random.default_rng(seed)
        region = corner(data.spec.shape, "upper left")
        sick, x = {}, {}
        for name in ("train", "test"):
            sick[name] = (getattr(data, name).labels >= data.spec.classes / 2).astype(int)
        marked = np.where(generator.random(len(sick["train"])) < RIGHT, sick["train"], 1 - sick["train"])
        model = self._learn(Split.of(stamped(data.train.inputs(), marked == 1, region), sick["train"]), 2, seed)
        inside = np.where(generator.random(len(sick["test"])) < RIGHT, sick["test"], 1 - sick["test"])
        outside = generator.integers(0, 2, len(sick["test"]))
        clean = data.test.inputs()
        x["inside"], x["outside"] = (stamped(clean, where == 1, region) for where in (inside, outside))
        answers = {name: model.predict(pictures, verbose=0).argmax(axis=1) for name, pictures in x.items()}
        accuracy = {name: 100 * float(np.mean(answers[name] == sick["test"])) for name in x}
        cases = np.flatnonzero((inside == 1) & (answers["inside"] == 1))[: self.explained]
        return {
            **accuracy,
            "follows": 100 * float(np.mean(answers["outside"] == outside)),
            **self._explained(model, x["inside"][cases], np.ones(len(cases), int), region, "token", seed),
        }

    def _tag(self, data: Data, seed: int) -> dict:
        region, train, test = corner(data.spec.shape, "lower right"), data.train, data.test
        tagged = int(np.random.default_rng(seed).integers(data.spec.classes))
        x = stamped(train.inputs(), train.labels == tagged, region)
        model = self._learn(Split.of(x, train.labels), data.spec.classes, seed)
        clean, own = test.inputs(), test.labels == tagged
        marked = stamped(clean, np.ones(len(test), bool), region)
        with_tag, without = (100 * (model.predict(x, verbose=0).argmax(axis=1) == tagged) for x in (marked, clean))
        cases = np.flatnonzero(own)[: self.explained]
        return {
            "with": float(with_tag[own].mean()),
            "without": float(without[own].mean()),
            "others": float(with_tag[~own].mean()),
            **self._explained(model, marked[cases], np.full(len(cases), tagged), region, "tag", seed),
        }

    def _learn(self, split: Split, classes: int, seed: int) -> keras.Model:
        size = {"filters": self.filters, "kernel_size": 5}
        config = get_config("minimal_cnn_gap", input_shape=split.shape, classes=classes, **size)
        loop = self.quiet(config, Options(learning_rate=self.learning_rate), self.steps)
        model = loop.begin(seed)
        loop.fit(split.stream(32, steps=self.steps, seed=seed))
        return model

    def _explained(
        self, model, x: np.ndarray, classes: np.ndarray, region: np.ndarray, planted: str, seed: int
    ) -> dict:
        """For each method how much more of a map lies in the `region` than its share of the area, and peaks there."""
        found, maps = {}, {}
        for name, method in METHODS.items():
            maps[name] = values = method(model, x, classes)
            strength = np.abs(values if values.ndim == 3 else values.sum(axis=-1)).reshape(len(x), -1)
            found[f"{name} mass"] = float(explain.mass_inside(values, region).mean() / region.mean())
            found[f"{name} peak"] = 100 * float(region.ravel()[strength.argmax(axis=1)].mean())
        if seed == 0:
            file = io.BytesIO()
            np.savez_compressed(file, picture=x[:SHOWN], **{name: values[:SHOWN] for name, values in maps.items()})
            storage.write(self.folder() / f"{planted}.npz", file.getvalue())
        return found

    def claims(self, results: Results) -> list[Claim]:
        def of(key, planted):
            return results.values(key, planted=planted)

        claims = [
            Claim(
                text="A shortcut serves in distribution (Geirhos et al. 2020)",
                quantity="test accuracy, the token in 95 % of the sick and 5 % of the healthy",
                measured=of("inside", "token"),
                at_least=95.0,
                unit="%",
            ),
            Claim(
                text="and fails outside of it",
                quantity="loss of accuracy where the token says nothing",
                measured=of("inside", "token") - of("outside", "token"),
                at_least=20.0,
                unit="points",
            ),
            Claim(
                text="A Clever Hans recognises the class by its tag alone (Lapuschkin et al. 2019, figure 2)",
                quantity="loss of recall when the tag is taken away",
                measured=of("with", "tag") - of("without", "tag"),
                at_least=40.0,
                unit="points",
            ),
        ]
        for planted in ("token", "tag"):
            for name in METHODS:
                claims.append(
                    Claim(
                        text=f"{name} shows the {planted}",
                        quantity="part of the map in it, relative to its part of the picture",
                        measured=of(f"{name} mass", planted),
                        at_least=3.0,
                    )
                )
        claims.append(
            Claim(
                text="Grad-CAM finds a planted patch: its peak lies in the token",
                quantity="pictures",
                measured=of("Grad-CAM peak", "token"),
                at_least=90.0,
                unit="%",
            )
        )
        return claims

    def draw(self, results: Results, folder: Path) -> None:
        columns = ["picture", *METHODS]
        figure = Figure(figsize=(13, 1.2 * SHOWN + 0.7), layout="constrained")
        left, right = figure.subfigures(1, 2, width_ratios=(2.3, 1))
        for part, planted in zip(left.subfigures(1, 2), ("token", "tag"), strict=True):
            part.suptitle(f"the {planted}: red speaks for the answer, blue against it", fontsize=9)
            with np.load(folder / f"{planted}.npz") as saved:
                grid = part.subplots(SHOWN, len(columns), squeeze=False)
                for row, axes in enumerate(grid):
                    for column, place in zip(columns, axes, strict=True):
                        place.axis("off")
                        if row == 0:
                            place.set_title(column, fontsize=8)
                        if row >= len(saved["picture"]):
                            continue
                        if column == "picture":
                            place.imshow(saved[column][row].astype("uint8"), cmap="gray")
                        else:
                            explain.draw_map(place, saved[column][row])
        above, below = right.subplots(2, 1)
        keys = {"inside": "in\ndistribution", "outside": "outside", "follows": "answers that\nfollow the token"}
        _bars(above, results, "token", keys, "accuracy, %")
        keys = {"with": "with\nthe tag", "without": "without", "others": "other classes\nwith the tag"}
        _bars(below, results, "tag", keys, "taken for the tagged class, %")
        save_figure(figure, folder / "shortcuts.png")


def corner(shape: tuple[int, int, int], which: str) -> np.ndarray:
    """Where the planted patch is, (height, width): a quarter of the sides, a sixteenth of them away from the border."""
    mask = np.zeros(shape[:2], bool)
    size, border = (np.maximum(1, np.array(shape[:2]) // part) for part in (4, 16))
    mask[border[0] : border[0] + size[0], border[1] : border[1] + size[1]] = True
    return mask if which == "upper left" else mask[::-1, ::-1]


def stamped(pictures: np.ndarray, marked: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Copies of the pictures (n, height, width, channels), with a checkerboard in the `region` where `marked`, (n,)."""
    pictures = pictures.copy()
    rows, columns = np.nonzero(region)
    pictures[np.flatnonzero(marked)[:, None], rows, columns] = (255 * ((rows + columns) % 2))[:, None]
    return pictures


def _bars(axes, results: Results, planted: str, keys: dict[str, str], label: str) -> None:
    values = [results.values(key, planted=planted) for key in keys]
    axes.bar(list(keys.values()), [v.mean() for v in values], yerr=[v.std() for v in values], capsize=4)
    axes.set(ylabel=label, ylim=(0, 105))
