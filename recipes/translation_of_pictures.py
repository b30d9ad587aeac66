"""Translation of pictures: one kind as another, learned without a single pair, with and without the way back.

Zhu, Park, Isola & Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017:
a discriminator alone is content with any picture of the other kind; that a second generator must find the original
again binds a translation to it (section 3.2, table 4).

By default half of the digits are as they were written, the others have a thicker pen and gray paper. Which of the one
and the other belong together is known in the test alone: its error is compared with that of networks without the cycle,
and with that of leaving pictures as they are. Emoji of two foundries have such pairs too.

Run it by `keras-dl run translation-of-pictures`; `--data noto2twemoji --image-size 32 --filters 16 --batch-size
8 --steps 2000` translates emoji.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data import Data, Spec, Split
from keras_dl.data.dataset import SPLITS
from keras_dl.data.kinds import LABEL, PAIR, paired
from keras_dl.data.spec import Column
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.learning.sheets import mosaic
from keras_dl.tasks import get_task
from keras_dl.tasks.cycle_consistency import translated
from keras_dl.training import Options

CYCLE, FREE = "with the way back", "without it"
SHAPES = "foundries draw other shapes, too, which none of their other emoji tells; after 60 epochs it is 0.97"
SHOWN = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class TranslationOfPictures(DataExperiment):
    """Translate pictures of two kinds into each other, without pairs to learn from."""

    seeds: Count = 3
    """how often each measurement is repeated, with other first weights and batches"""
    filters: Count = 8
    """of a generator at full resolution"""
    blocks: Count = 2
    """residual blocks of a generator"""
    steps: Count = 400
    """training steps"""
    batch_size: Count = 16
    """pictures per step, half of them of either kind"""
    learning_rate: Positive = 1e-3
    """Adam's at the start; it falls to 0"""

    def cells(self) -> list[dict]:
        return [{"method": method} for method in (CYCLE, FREE)]

    def measure(self, *, seed: int, method: str) -> dict:
        """The mean absolute errors of translations and of copies from the true pictures, in %, and some of them."""
        task = get_task("cycle_consistency", **({} if method == CYCLE else {"cycle": 0.0}))
        data = self.dataset if PAIR in self.dataset.spec.columns else two_pens(self.dataset)
        config = get_config("cyclegan", filters=self.filters, blocks=self.blocks, halvings=1)
        config, data = task.adapt(config, data)
        options = Options(learning_rate=self.learning_rate, schedule="cosine", batch_size=self.batch_size)
        training = self.quiet(config, options, self.steps, task=task)
        network = training.begin(seed)
        batches = {"steps": self.steps, "seed": seed, "arrange": task.arrange(network)}
        training.fit(data.train.stream(self.batch_size, **batches))
        first, second = (data.test.take(places).inputs() for places in paired(data.test).T)
        made = translated(network, "generator_ab", first), translated(network, "generator_ba", second)
        rows = [first[:SHOWN], made[0][:SHOWN], second[:SHOWN], made[1][:SHOWN]]
        return {
            "error": 100 * task.scores(network, config, data.test, data.spec)["paired_error"],
            "copied": 100 * float(np.mean(np.abs(first - second))) / 255,
            "pictures": [pictures.round().astype(int).tolist() for pictures in rows],
        }

    def claims(self, results: Results) -> list[Claim]:
        errors = {method: results.values("error", method=method) for method in (CYCLE, FREE)}
        return [
            Claim(
                text="Translations that lead back come nearer to the truth than those that only look right (Zhu et al. "
                "2017, table 4)",
                quantity="error with the way back over that without it",
                measured=errors[CYCLE] / errors[FREE],
                at_most=0.9,
            ),
            Claim(
                text="and nearer than the picture itself",
                quantity="error with the way back over that of a copy",
                measured=errors[CYCLE] / results.values("copied", method=CYCLE),
                at_most=0.9,
                reason=SHAPES if self.data == "noto2twemoji" else "",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(9, 3), layout="constrained")
        places = figure.subplots(1, 2)
        for axes, method in zip(places, (CYCLE, FREE), strict=True):
            row = next(row for row in results.rows if row["method"] == method)
            axes.imshow(mosaic(np.concatenate([np.array(pictures) for pictures in row["pictures"]])), cmap="gray")
            axes.set_axis_off()
            mean = results.mean("error", method=method)
            axes.set_title(f"{self.subject} {method}: error {mean:.1f} %", fontsize=10)
        figure.supxlabel("A, A as B, B (the truth of the row above), B as A", fontsize=9)
        save_figure(figure, folder / "translation_of_pictures.png")


def two_pens(data: Data) -> Data:
    """Half of the pictures of `data` as they are, the others with a thick pen on gray paper; the test has all twice.

    There the column "pair" says which belong together.
    """
    splits = {}
    for name in SPLITS:
        pictures = getattr(data, name).inputs()
        numbers = np.arange(len(pictures))
        first, second = (numbers, numbers) if name == "test" else (numbers[0::2], numbers[1::2])
        both = np.concatenate([pictures[first], thick_on_gray(pictures[second])])
        labels = np.repeat([0, 1], [len(first), len(second)])
        splits[name] = Split({"image": both, LABEL: labels, PAIR: np.concatenate([first, second])})
    columns = {
        "image": data.spec.columns[data.spec.input],
        LABEL: Column(kind="class", class_names=("thin", "thick")),
        PAIR: Column(kind="index"),
    }
    return Data(spec=Spec(name=data.spec.name, columns=columns), origin=data.origin, **splits)


def thick_on_gray(pictures: np.ndarray) -> np.ndarray:
    """Of each pixel of `pictures` (n, height, width, channels) and the one to its right the larger, from 100 to 255."""
    return 100 + np.maximum(pictures, np.pad(pictures, ((0, 0), (0, 0), (0, 1), (0, 0)))[:, :, 1:]) * (155 / 255)
