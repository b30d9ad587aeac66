"""Text to picture: digits in colours from captions, also from captions that were never seen.

Ramesh et al., "Zero-Shot Text-to-Image Generation", ICML 2021: a discrete autoencoder makes a grid of codes of each
picture, a transformer tells the codes from the caption; it draws things together that it has only seen apart (section
3.3).

"a red seven" is one of 60 captions of a colour and a digit each, a sixth of which no picture of the training has. For
captions of either kind pictures are drawn; a classifier of the plain digits tells which digit they show, the mean of
their pixels which colour. Guessing is right in 10 % and 17 %.

Run it by `keras-dl run text-to-picture`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.config import Config
from keras_dl.data import Data, load
from keras_dl.data.captions import TARGET
from keras_dl.data.coloured_digits import COLOURS, DIGITS
from keras_dl.data.dataset import SPLITS
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Experiment, Results
from keras_dl.experiments.judge import Judge
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.tasks import get_task
from keras_dl.training import Options

SEEN, NEW = "seen", "new"
EACH = 5
"""pictures for each caption"""
LENGTH = 4
"""tokens of a caption, its end among them"""
LEAST = {(SEEN, "digit"): 60, (SEEN, "colour"): 90, (NEW, "digit"): 25, (NEW, "colour"): 60}
"""right ones wanted, in %"""
CHANCE = {"digit": 100 / len(DIGITS), "colour": 100 / len(COLOURS)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextToPicture(Experiment):
    """Draw digits in colours from captions."""

    seeds: Count = 3
    """how often each measurement is repeated, with other first weights and captions held out"""
    steps: Count = 1500
    """training steps, a third of them of the autoencoder"""
    batch_size: Count = 64
    """pictures per step"""
    learning_rate: Positive = 2e-3
    """Adam's at the start; it falls to 0"""
    codes: Count = 64
    """codes of the autoencoder"""
    judge_steps: Count = 600
    """training steps of the classifier"""

    def cells(self) -> list[dict]:
        return [{}]

    def measure(self, *, seed: int) -> dict:
        """How many digits and colours are those of the caption, in %, for captions of both kinds, and some pictures."""
        task = get_task("text_to_picture", autoencoder=1 / 3, answer_seed=seed)
        captions, new = every_caption(), held_out(seed)
        data = without(load("coloured_digits"), [captions[place] for place in np.flatnonzero(new)])
        sizes = {"halvings": 1, "filters": 32, "codes": self.codes, "code_width": 32, "length": LENGTH, "blocks": 2}
        config, data = task.adapt(get_config("dalle_small", **sizes, heads=3), data)
        options = Options(learning_rate=self.learning_rate, schedule="cosine")
        training = self.quiet(config, options, self.steps, task=task)
        network = training.begin(seed)
        batches = {"steps": self.steps, "seed": seed, "arrange": task.arrange(network)}
        training.fit(data.train.stream(self.batch_size, **batches))
        vocabulary = Vocabulary.from_json(data.spec.columns[TARGET].vocabulary)
        asked = np.zeros((len(captions), LENGTH + 1), "int32")
        for row, ids in zip(asked, vocabulary.encode_ragged(np.array(captions, object), bounded=True), strict=True):
            row[: len(ids)] = ids[: LENGTH + 1]
        made = task.drawn(network, config, np.repeat(asked, EACH, axis=0))
        right = self._right(made, captions, seed)
        found = {
            f"{kind}: {what}": 100 * float(np.mean(values.reshape(-1, EACH)[new == (kind == NEW)]))
            for kind in (SEEN, NEW)
            for what, values in right.items()
        }
        return {**found, "new": new.tolist(), "pictures": made[::EACH].round().astype(int).tolist()}

    def _right(self, made: np.ndarray, captions: list[str], seed: int) -> dict[str, np.ndarray]:
        """Whether each picture shows the digit, and the colour, of its caption: (pictures,) each."""
        digits = load("digits")
        config: Config = get_config("nakkiran_cnn5", k=8).for_data(digits.spec)
        judge = Judge.of(self, config, digits, self.judge_steps, seed)
        told = judge.classes(made.max(axis=-1, keepdims=True))
        shades = np.array([*COLOURS.values()])
        means = made.sum(axis=(1, 2)) / np.maximum(made.max(axis=-1).sum(axis=(1, 2)), 1)[:, None]
        nearest = np.square(means[:, None] - shades / shades.max(axis=1, keepdims=True)).sum(axis=2).argmin(axis=1)
        colours, numbers = zip(*[caption.split()[1:] for caption in np.repeat(captions, EACH)], strict=True)
        return {
            "digit": told == [DIGITS.index(number) for number in numbers],
            "colour": nearest == [[*COLOURS].index(colour) for colour in colours],
        }

    def claims(self, results: Results) -> list[Claim]:
        words = {
            SEEN: "Pictures show the {} of their captions",
            NEW: "and the {} where both were never seen together (Ramesh et al. 2021, section 3.3)",
        }
        return [
            Claim(
                text=words[kind].format(what),
                quantity=f"{what}s that are right, by guessing {CHANCE[what]:.0f} %",
                measured=results.values(f"{kind}: {what}"),
                at_least=LEAST[kind, what],
                unit="%",
            )
            for kind in (SEEN, NEW)
            for what in CHANCE
        ]

    def draw(self, results: Results, folder: Path) -> None:
        row = results.rows[0]
        figure = Figure(figsize=(10, 6.6), layout="constrained")
        places = figure.subplots(len(COLOURS), len(DIGITS)).ravel()
        for axes, picture, caption, new in zip(places, row["pictures"], every_caption(), row["new"], strict=True):
            axes.imshow(np.clip(picture, 0, 255))
            axes.set(xticks=[], yticks=[])
            axes.set_title(caption, fontsize=7, color="C3" if new else "black")
        figure.suptitle("drawn from captions; the red ones are of pairs that no picture of the training had")
        save_figure(figure, folder / "text_to_picture.png")


def every_caption() -> list[str]:
    """All captions, one after another by colour and digit."""
    return [f"a {colour} {digit}" for colour in COLOURS for digit in DIGITS]


def held_out(seed: int) -> np.ndarray:
    """Which of `every_caption` are not to be seen, bool: a digit or two in each colour, every digit in one colour."""
    kept = np.zeros((len(COLOURS), len(DIGITS)), bool)
    kept[np.arange(len(DIGITS)) % len(COLOURS), np.random.default_rng(seed).permutation(len(DIGITS))] = True
    return kept.ravel()


def without(data: Data, captions: list[str]) -> Data:
    """`data` without the pictures that have one of `captions`."""
    splits = {}
    for name in SPLITS:
        split = getattr(data, name)
        splits[name] = split.take(np.flatnonzero(~np.isin(split.columns["captions"].values[:, 0], captions)))
    return dataclasses.replace(data, **splits)
