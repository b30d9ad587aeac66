"""Simplicity bias: a network with random weights is far more likely to be a simple function than a complicated one.

Valle-Perez, Camargo & Louis, "Deep learning generalizes because the parameter-function map is biased towards simple
functions", ICLR 2019, section 3 and figure 1.

On all 2^n inputs of n bits a network with one output is a string of 2^n bits, the sign of each output. Networks are
drawn at random and never trained; how often a string comes up estimates its probability, and its Lempel-Ziv complexity
measures how simple it is: the number of phrases that no earlier part of the string contains, times log2 of its length,
averaged over both directions (their appendix on complexity). A string drawn by coin tosses is almost never simple.
Strings that came up once say nothing about their probability: they would tie at the lowest, nearly all of them, and
hide the trend. So the correlation is over those that came up twice or more. Kernels are drawn from N(0, 2/inputs) and
biases from N(0, 1); the bias towards simplicity is weaker, but there, with small biases.

Run it by `keras-dl run simplicity-bias`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Experiment, Results
from keras_dl.fields import Bounds, Count, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import tf

BATCH = 2000
COMPARED = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimplicityBias(Experiment):
    """Compare how probable a function is under random weights with how complicated it is."""

    seeds: Count = 2
    """how often all networks are drawn"""
    bits: Annotated[int, Bounds("from 3 to 10", lambda bits: 3 <= bits <= 10)] = 7
    """inputs of the network; it is a function on 2^bits points"""
    hidden: Count = 40
    """units of each hidden layer"""
    depth: Count = 2
    """hidden layers"""
    samples: Annotated[int, multiple_of(BATCH)] = 100_000
    """networks drawn for each seed, a multiple of 2,000"""

    def _config(self):
        return get_config("mlp", input_shape=(self.bits,), classes=1, hidden=(self.hidden,), depth=self.depth)

    def cells(self) -> list[dict]:
        return [{}]

    def measure(self, *, seed: int) -> dict:
        """ "counts" and "complexities" of the strings that came up twice or more, the most frequent first; the
        complexities of some "networks" and of some strings drawn by "coins"."""
        from scipy.stats import spearmanr

        strings = self._draw_networks(seed)
        found, counts = np.unique(strings, axis=0, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        frequent = [index for index in order if counts[index] > 1]
        complexities = [complexity(found[index]) for index in frequent]
        coins = np.random.default_rng(seed).integers(0, 2, (COMPARED, strings.shape[1]))
        return {
            "counts": counts[frequent].tolist(),
            "complexities": complexities,
            "correlation": float(spearmanr(counts[frequent], complexities).statistic) if len(frequent) > 1 else 0.0,
            "top_over_median": float(counts.max() / np.median(counts)),
            "functions": len(found),
            "networks": [complexity(string) for string in strings[:COMPARED]],
            "coins": [complexity(string) for string in coins],
        }

    def _draw_networks(self, seed: int) -> np.ndarray:
        """The strings of `samples` networks: (samples, 2^bits) of 0 and 1."""
        points = (np.arange(2**self.bits)[:, None] >> np.arange(self.bits)[::-1]) & 1
        inputs = points.astype("float32")
        model = self._config().build()
        shapes = [tuple(variable.shape) for variable in model.trainable_variables]

        @tf.function
        def outputs(batch):
            keys = [tf.stack([seed, len(shapes) * batch + index]) for index in range(len(shapes))]
            drawn = [
                tf.random.stateless_normal((BATCH, *shape), key, stddev=(2 / shape[0]) ** 0.5 if len(shape) > 1 else 1)
                for shape, key in zip(shapes, keys, strict=True)
            ]
            return tf.vectorized_map(lambda weights: model.stateless_call(weights, [], inputs)[0][:, 0], drawn)

        batches = [outputs(tf.constant(batch)).numpy() > 0 for batch in range(self.samples // BATCH)]
        return np.concatenate(batches).astype("uint8")

    def claims(self, results: Results) -> list[Claim]:
        means = {kind: results.values(kind).mean(axis=1) for kind in ("networks", "coins")}
        return [
            Claim(
                text="Random networks are exponentially biased to simple functions (Valle-Perez et al. 2019, fig. 1)",
                quantity="rank correlation of a function's frequency with its Lempel-Ziv complexity",
                measured=results.values("correlation"),
                at_most=-0.5,
            ),
            Claim(
                text="A few functions take up orders of magnitude more of the weight space than others (the same)",
                quantity="frequency of the most frequent function over the median",
                measured=results.values("top_over_median"),
                at_least=100,
            ),
            Claim(
                text="A function drawn evenly from all functions is almost never simple (the same)",
                quantity="mean complexity of random networks over that of coin tosses",
                measured=means["networks"] / means["coins"],
                at_most=0.7,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        row = results.rows[0]
        counts, complexities = np.array(row["counts"]), np.array(row["complexities"])
        figure = Figure(figsize=(10, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.scatter(complexities, counts / self.samples, s=12, alpha=0.5)
        left.axhline(1 / self.samples, color="gray", lw=0.8, ls="--", label="one network of all")
        left.set(
            yscale="log",
            xlabel="Lempel-Ziv complexity of the function, bits",
            ylabel="share of random networks",
            title=f"{len(counts):,} functions seen twice or more, of {row['functions']:,}",
        )
        left.grid(alpha=0.3)
        left.legend()
        bins = np.linspace(0, 1.05 * max(row["coins"]), 40)
        right.hist(row["networks"], bins, alpha=0.6, label="random networks")
        right.hist(row["coins"], bins, alpha=0.6, label="coin tosses")
        right.set(xlabel="Lempel-Ziv complexity, bits", ylabel=f"functions, of {COMPARED} drawn", title="What is drawn")
        right.legend()
        save_figure(figure, folder / "simplicity_bias.png")


def complexity(bits: np.ndarray) -> float:
    """Lempel-Ziv complexity of a string of 0 and 1, in bits: log2(n) where all are equal, else log2(n) times the
    phrases of the string, averaged over both directions. Lempel & Ziv 1976; Valle-Perez et al. 2019, equation 4."""
    text = "".join(map(str, bits))
    if len(set(text)) == 1:
        return float(np.log2(len(text)))
    return float(np.log2(len(text)) * (phrases(text) + phrases(text[::-1])) / 2)


def phrases(text: str) -> int:
    """The phrases that `text` falls into from left to right, each the shortest that did not begin before it."""
    count = start = 0
    while start < len(text):
        end = start + 1
        while end <= len(text) and text[start:end] in text[: end - 1]:
            end += 1
        count, start = count + 1, end
    return count
