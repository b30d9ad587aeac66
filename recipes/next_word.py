"""Next word: what a small GPT learns by telling the next token is of use where labels are few, and how its loss scales.

Radford, Narasimhan, Salimans & Sutskever, "Improving Language Understanding by Generative Pre-Training", 2018: what a
network has learned from texts alone helps where labels are few. Kaplan et al., "Scaling Laws for Neural Language
Models", 2020, sections 3.2 and 4: the test loss falls as a power of the parameters, those of the tables apart, and of
the data, a straight line where both axes are logarithms.

Networks of growing width and depth, and one on growing parts of the texts, learn to tell the next token of byte-pair
encoding. Of each the least loss on the validation split over the training is taken. Before and after it a linear
probe reads the mean of what the last block gives, with the same few labels.

Run it by `keras-dl run next-word`; `--data trec --target label-coarse` takes questions.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data import Data, Split
from keras_dl.data.sources import Ragged
from keras_dl.data.tokenized import TOKENS
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Growing, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning.probe import linear_probe
from keras_dl.tasks import get_task
from keras_dl.training import Options

HEAD_WIDTH = 16
PARTS = 4
"""of a training, after each of which the loss is measured"""
AXES = {"heads": ("parameters", "by width"), "blocks": ("parameters", "by depth"), "part": ("texts", "by data")}
"""what grows, and what the loss is a power of then"""
REASONS = {
    "blocks": "in so few steps deeper networks are no better yet",
    "part": "with many texts the width bounds the loss, and the line bends (the same, equation 1.5)",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class NextWord(DataExperiment):
    """Tell the next token by networks of several sizes, with several amounts of data, and probe what they learned."""

    data: str = "mr_polarity"
    """texts with a class: a name of tensorflow-datasets, or a .csv file"""
    seeds: Count = 2
    """how often each measurement is repeated, with other first weights, texts and labels"""
    heads: Growing = (1, 2, 4, 8)
    """heads of attention of the networks of growing width, of 16 numbers each"""
    blocks: Growing = (1, 2, 4)
    """blocks of the networks of growing depth"""
    parts: Growing = (1, 8, 64)
    """the network in the middle also learns from one text of so many alone"""
    length: Count = 32
    """tokens of a text; longer ones are cut"""
    vocabulary_size: Count = 1000
    """most tokens of byte-pair encoding"""
    labels: Count = 200
    """labelled texts that a probe is fitted on, evenly of all classes"""
    steps: Count = 400
    """training steps of each network"""
    batch_size: Count = 32
    """texts per step"""
    learning_rate: Positive = 2e-3
    """Adam's at the start; it falls to 0"""

    def cells(self) -> list[dict]:
        cells = [cell for axis in AXES for cell in self._grown(axis)]
        return [cell for place, cell in enumerate(cells) if cell not in cells[:place]]

    def measure(self, *, seed: int, heads: int, blocks: int, part: int) -> dict:
        """The least validation loss in "nats", the "parameters", the "texts", and the accuracy of the probe before and
        after, "random" and "pretrained" (%)."""
        task, data = get_task("language_modeling"), self._tokens
        sizes = {"heads": heads, "head_width": HEAD_WIDTH, "blocks": blocks, "length": self.length, "dropout": 0.0}
        config = get_config("gpt2_small", **sizes).for_data(data.spec)
        options = Options(learning_rate=self.learning_rate, schedule="cosine", global_clipnorm=1.0)
        loop = self.quiet(config, options, self.steps)
        network = loop.begin(seed)
        arrange = task.arrange(network)
        before = self._probed(network, seed)
        chosen = np.random.default_rng(seed).permutation(len(data.train))[: max(1, len(data.train) // part)]
        batches = data.train.take(chosen).stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange)
        told = loop.fit(
            batches.repeat(),
            epochs=PARTS,
            steps_per_epoch=-(-self.steps // PARTS),
            validation_data=data.validation.batches(256, arrange),
        )
        tables = sum(layer.count_params() for layer in network.layers if layer.name.startswith("embedding"))
        return {
            "nats": min(told["val_loss"]),
            "parameters": network.count_params() - tables,
            "texts": len(chosen),
            "random": before,
            "pretrained": self._probed(network, seed),
        }

    @functools.cached_property
    def _tokens(self) -> Data:
        config = get_config("gpt2_small", length=self.length)
        task = get_task("language_modeling", pieces="bpe", vocabulary_size=self.vocabulary_size)
        return task.encoded(config, self.dataset)

    def _probed(self, network: keras.Model, seed: int) -> float:
        """The test accuracy, in %, of a linear probe with few labels."""
        data = self.dataset
        if data.spec.classes is None:
            raise UsageError(f"texts with a class are wanted; {data.spec.name} has none")
        if self.labels < data.spec.classes:
            raise UsageError(f"labels must be at least {data.spec.classes}, one of each class, got {self.labels}")
        few = data.train.few(self.labels // data.spec.classes, seed)
        known, unseen = (self._read(network, split) for split in (few, data.test))
        return 100 * linear_probe(known, few.labels, unseen, data.test.labels)

    def _read(self, network: keras.Model, split: Split) -> np.ndarray:
        """The mean over its tokens of what the last block gives for each text of `split`, (n, width)."""
        vocabulary = Vocabulary.from_json(self._tokens.spec.columns[TOKENS].vocabulary)
        ids = [one[: self.length] for one in vocabulary.encode_ragged(split.columns["text"].values, bounded=True)]
        last = [layer for layer in network.layers if layer.name.endswith("_norm")][-1]
        states = keras.Model(network.input, last.output).predict(Ragged.of(ids, most=self.length).values, verbose=0)
        return np.stack([rows[: len(one)].mean(axis=0) for rows, one in zip(states, ids, strict=True)])

    def claims(self, results: Results) -> list[Claim]:
        largest = self._grown("heads")[-1]
        gain = results.values("pretrained", **largest) - results.values("random", **largest)
        slopes = {axis: self._fits(results, axis)[:, 0] for axis in AXES}
        by_seed = [[row for row in results.rows if row["seed"] == seed] for seed in range(self.seeds)]
        return [
            Claim(
                text="Telling the next token teaches what a few labels can use (Radford et al. 2018)",
                quantity=f"test accuracy of a probe of {self.labels:,} labels, after training less before; the widest",
                measured=gain,
                at_least=2,
                unit="points",
            ),
            *(
                Claim(
                    text=f"The loss falls as a power of the {what} (Kaplan et al. 2020, figure 1): {how}",
                    quantity="share of the variance of its logarithm that a straight line explains",
                    measured=self._fits(results, axis)[:, 1] * (slopes[axis] < 0),
                    at_least=0.9,
                    reason=REASONS.get(axis, ""),
                )
                for axis, (what, how) in AXES.items()
            ),
            Claim(
                text="faster with the data than with the parameters (Kaplan et al. 2020, section 1.2)",
                quantity="exponent of the texts less that of the parameters by width",
                measured=slopes["part"] - slopes["heads"],
                at_most=0,
                published="-0.095 and -0.076",
            ),
            Claim(
                text="What tells the next token better is of more use",
                quantity="rank correlation, over all networks, of the loss with the accuracy of the probe",
                measured=np.array([rank_correlation(rows) for rows in by_seed]),
                at_most=-0.3,
            ),
        ]

    def _grown(self, axis: str) -> list[dict]:
        """The cells in which `axis` alone differs, the smallest network or the fewest texts first."""
        middle = {"heads": self.heads[len(self.heads) // 2], "blocks": self.blocks[len(self.blocks) // 2], "part": 1}
        steps = {"heads": self.heads, "blocks": self.blocks, "part": self.parts[::-1]}
        return [middle | {axis: step} for step in steps[axis]]

    def _curve(self, results: Results, axis: str) -> tuple[np.ndarray, np.ndarray]:
        """What grows along `axis`, parameters or texts, and the loss: (cells, seeds) each."""
        what, _ = AXES[axis]
        return tuple(np.array([results.values(key, **cell) for cell in self._grown(axis)]) for key in (what, "nats"))

    def _fits(self, results: Results, axis: str) -> np.ndarray:
        """Of each seed the slope of a straight line through the logarithms, and the share it explains: (seeds, 2)."""
        x, y = map(np.log, self._curve(results, axis))
        pairs = [*zip(x.T, y.T, strict=True)]
        return np.array([(np.polyfit(*pair, 1)[0], np.corrcoef(*pair)[0, 1] ** 2) for pair in pairs])

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(13, 4.2), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        for axis, (what, how) in AXES.items():
            axes = middle if what == "texts" else left
            x, y = (values.mean(axis=1) for values in self._curve(results, axis))
            axes.plot(x, y, "o", label=how)
            slope, start = np.polyfit(np.log(x), np.log(y), 1)
            axes.plot(
                x, np.exp(start) * x**slope, "--", color=axes.lines[-1].get_color(), label=f"exponent {slope:.3f}"
            )
        for axes, label in ((left, "parameters without the tables"), (middle, "texts")):
            axes.set(xscale="log", yscale="log", xlabel=label, ylabel="nats per token, validation")
            axes.grid(alpha=0.3, which="both")
            axes.legend(fontsize=8)
        middle.set_title(f"{self.subject}: the next token")
        for key, label in (("random", "random weights"), ("pretrained", "told the next token before")):
            right.plot(*zip(*((row["nats"], row[key]) for row in results.rows), strict=True), "o", label=label)
        right.axhline(100 / self.dataset.spec.classes, color="gray", linestyle=":", label="guessing")
        right.set(
            xlabel="nats per token after the training", ylabel=f"test accuracy of a probe of {self.labels:,} labels, %"
        )
        right.grid(alpha=0.3)
        right.legend(fontsize=8)
        save_figure(figure, folder / "next_word.png")


def rank_correlation(rows: list[dict]) -> float:
    """Spearman's, of the loss with the accuracy of the probe."""
    from scipy.stats import spearmanr

    return float(spearmanr([row["nats"] for row in rows], [row["pretrained"] for row in rows]).statistic)
