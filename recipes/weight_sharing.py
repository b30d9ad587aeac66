"""Weight sharing: what is learned at one place is known at all, and the arithmetic of convolutions.

LeCun, "Generalization and Network Design Strategies", University of Toronto CRG-TR-89-4, 1989; Stanford CS231n,
"Convolutional Neural Networks", for the arithmetic.

Networks learn centred digits, and are shown the same digits moved by some pixels, on a margin wide enough that no
part is lost. A dense network must learn each position anew. Local fields with weights of their own do too; shared
weights carry a feature everywhere, and its map moves with it. What reads the maps decides whether that helps: a dense
layer has weights for each position, the maximum over all positions has not. Pools of stride 2 keep their output for
moves by their stride only: with two of them the network knows the digit again at 4 pixels, less so at 2 (Zhang, "Making
Convolutional Networks Shift-Invariant Again", ICML 2019).

The arithmetic is checked for every combination of size, kernel, stride and padding below: a map is
floor((W - F + 2P) / S) + 1 wide (the lecture leaves out the rounding, which matters wherever the stride does not
divide), and K filters have F F D K + K weights. A lecture defines the stride as the ratio of input to output heights:
that holds for padding "same" and sizes that the stride divides, but 32 pixels under 5x5 fields of stride 2 without
padding make 14, whose ratio is 2.3. Mean pooling is a convolution with the weights 1 / F^2 of each map by itself;
maximum and median are none, and none of the three has a weight to learn.

Run it by `keras-dl run weight-sharing`.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import describe, get_config
from keras_dl.config import Config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.training import Options
from keras_dl.training.order import random_order
from keras_dl.training.quiet import error_rate

NETWORKS = {
    "dense": "dense",
    "local": "local fields, own weights",
    "shared": "shared weights, dense output",
    "pooled": "shared weights, pools of stride 2, maximum over the map",
}
SIZE, MARGIN = 16, 4
GRID = list(itertools.product((5, 7, 8, 12, 16, 32), (1, 2, 3, 5), (1, 2, 3), (0, 1, 2)))
"""widths of the input, fields, strides and paddings"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class WeightSharing(DataExperiment):
    """Compare dense, local and convolutional networks on digits at other positions than in training."""

    seeds: Count = 2
    """how often each network is trained, from other initial weights"""
    steps: Count = 400
    """training steps of each network"""
    batch_size: Count = 32
    """examples per step"""
    learning_rate: Positive = 5e-3
    """Adam's at the start; it falls to 0 along a cosine"""

    def cells(self) -> list[dict]:
        return [{"network": network} for network in NETWORKS]

    @functools.cached_property
    def _pictures(self):
        """The data at 16x16 pixels."""
        self.dataset.spec.check_size((SIZE, SIZE), "weight sharing")
        return self.dataset.resized((SIZE, SIZE, *self.dataset.spec.shape[2:]))

    def config(self, network: str) -> Config:
        """The network, for pictures with a margin."""
        side = SIZE + 2 * MARGIN
        spec = self._pictures.spec.replace("image", shape=(side, side, self._pictures.spec.shape[2]))
        if network == "dense":
            return get_config("mlp", hidden=(32,)).for_data(spec)
        if network == "pooled":
            return get_config("nakkiran_cnn5", k=4).for_data(spec)
        connectivity = (network, network)
        fields = get_config("esl_net5", connectivity=connectivity, maps=(4, 8), classifier_activation=None)
        return fields.replace(input_shape=spec.shape, classes=spec.classes)

    def measure(self, *, seed: int, network: str) -> dict:
        """Test accuracy in % for "shifts" of 0 to 4 pixels, each the mean of the four directions, and the network's
        "parameters"."""
        data, config = self._pictures, self.config(network)
        loop = self.quiet(config, Options(learning_rate=self.learning_rate, schedule="cosine", warmup=0), self.steps)
        model = loop.begin(seed)
        order = random_order(len(data.train), self.steps, self.batch_size, np.random.default_rng(seed))
        loop.run(moved(data.train.inputs(), 0, 0), data.train.labels, order)
        test, accuracies = data.test.inputs(), []
        for shift in range(MARGIN + 1):
            ways = {(shift, 0), (-shift, 0), (0, shift), (0, -shift)}
            errors = [error_rate(model, moved(test, *way), data.test.labels) for way in ways]
            accuracies.append(100 - float(np.mean(errors)))
        return {"shifts": accuracies, "parameters": describe(config).parameters}

    def claims(self, results: Results) -> list[Claim]:
        falls = {
            network: results.values("shifts", network=network)[:, 0] - results.values("shifts", network=network)[:, 2]
            for network in NETWORKS
        }
        return [
            Claim(
                text="A dense network is not invariant to translation, a convolutional one is far more so (LeCun 1989)",
                quantity="fall of accuracy for a shift of 2 pixels, dense over shared weights with pools",
                measured=falls["dense"] / np.maximum(falls["pooled"], 0.1),
                at_least=2,
                reason="pools of stride 2 keep their outputs for shifts by their stride only",
            ),
            Claim(
                text="The same, where a dense layer reads the maps",
                quantity="fall of accuracy for a shift of 2 pixels, dense over shared weights with a dense output",
                measured=falls["dense"] / np.maximum(falls["shared"], 0.1),
                at_least=2,
                reason="the output layer has weights for every position of the maps: they move, its weights do not",
            ),
            Claim(
                text="Sharing, not locality, carries a feature to other positions (LeCun 1989)",
                quantity="fall of accuracy for a shift of 2 pixels, local fields less shared weights with pools",
                measured=falls["local"] - falls["pooled"],
                unit="points",
                at_least=5,
            ),
            Claim(
                text="Pools make a network invariant for moves by their whole stride only (Zhang 2019)",
                quantity="accuracy at 4 pixels, the stride of its last map, less that at 2, shared weights with pools",
                measured=results.values("shifts", network="pooled")[:, 4]
                - results.values("shifts", network="pooled")[:, 2],
                unit="points",
                at_least=0,
            ),
            *arithmetic(),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        for network, name in NETWORKS.items():
            shifts = results.values("shifts", network=network)
            label = f"{name}: {results.mean('parameters', network=network):,.0f} weights"
            left.errorbar(
                range(MARGIN + 1), shifts.mean(axis=0), shifts.std(axis=0), marker="o", capsize=3, label=label
            )
        left.set(xlabel="shift of the test pictures, pixels", ylabel="test accuracy, %", ylim=(0, 102))
        left.set_title(f"{self.subject} at 16x16, learned centred")
        left.set_xticks(range(MARGIN + 1))
        left.grid(alpha=0.3)
        figure.legend(fontsize=8, loc="outside lower left", ncols=2)
        picture = self._pictures.test.inputs()[:1] / 255
        shown = {
            "input": picture,
            "mean pooling": pooled(picture, np.mean),
            "max pooling": pooled(picture, np.max),
            "median pooling": pooled(picture, np.median),
        }
        right.set_axis_off()
        for place, (title, image) in enumerate(shown.items()):
            inset = right.inset_axes((0.52 * (place % 2), 0.52 * (1 - place // 2), 0.46, 0.4))
            inset.imshow(image[0].mean(axis=2), cmap="gray_r", vmin=0, vmax=1)
            inset.set_title(title, fontsize=9)
            inset.set_xticks([])
            inset.set_yticks([])
        save_figure(figure, folder / "weight_sharing.png")


def moved(pictures: np.ndarray, down: int, right: int) -> np.ndarray:
    """`pictures` (n, height, width, channels) on a margin of 4 black pixels, moved by up to as many."""
    margins = ((MARGIN + down, MARGIN - down), (MARGIN + right, MARGIN - right))
    return np.pad(pictures, ((0, 0), *margins, (0, 0)))


def pooled(pictures: np.ndarray, statistic) -> np.ndarray:
    """`statistic` of each 2x2 square of `pictures` (n, height, width, channels), of even height and width."""
    n, height, width, channels = pictures.shape
    squares = pictures.reshape(n, height // 2, 2, width // 2, 2, channels)
    return statistic(squares, axis=(2, 4))


def arithmetic() -> list[Claim]:
    """The formulas of convolution and pooling against Keras's layers; no weight depends on data."""
    sizes = weights = cases = 0
    for width, field, stride, padding in GRID:
        if field > width + 2 * padding:
            continue
        maps = keras.layers.ZeroPadding2D(padding).compute_output_shape((None, width, width, 3))
        layer = keras.layers.Conv2D(4, field, strides=stride)
        layer.build(maps)
        cases += 1
        sizes += layer.compute_output_shape(maps)[1] != (width - field + 2 * padding) // stride + 1
        weights += layer.count_params() != field * field * 3 * 4 + 4
    padded = keras.layers.ZeroPadding2D(2).compute_output_shape((None, 32, 32, 3))
    example = keras.layers.Conv2D(3, 5).compute_output_shape(padded)[1:]
    mean, largest = keras.layers.AveragePooling2D(3, strides=2), keras.layers.MaxPooling2D(3, strides=2)
    uniform = keras.layers.DepthwiseConv2D(
        3, strides=2, use_bias=False, depthwise_initializer=keras.initializers.Constant(1 / 9)
    )
    x = np.random.default_rng(0).uniform(size=(4, 11, 11, 5)).astype("float32")
    distance = np.abs(np.asarray(mean(x)) - np.asarray(uniform(x))).max()
    largest(x)
    zero = {"at_most": 0, "exact": True}
    return [
        Claim(
            text="A map is (W - F + 2P) / S + 1 wide, rounded down (CS231n)",
            quantity=f"layers of another width, of {cases}",
            measured=sizes,
            **zero,
        ),
        Claim(
            text="K filters have F F D K + K weights (CS231n)",
            quantity=f"layers of another number, of {cases}",
            measured=weights,
            **zero,
        ),
        Claim(
            text="5x5 fields over 32x32x3, padded by 2, keep the size (lecture)",
            quantity="numbers of the output's shape that differ from 32x32x3",
            measured=sum(found != wanted for found, wanted in zip(example, (32, 32, 3), strict=True)),
            **zero,
        ),
        Claim(
            text="Mean pooling is a convolution with the weights 1 / F^2 (lecture)",
            quantity="largest difference from a depthwise convolution, values of 0 to 1",
            measured=distance,
            at_most=1e-6,
            exact=True,
        ),
        Claim(
            text="Pooling has nothing to learn (CS231n)",
            quantity="weights of mean and maximum pooling",
            measured=mean.count_params() + largest.count_params(),
            **zero,
        ),
    ]
