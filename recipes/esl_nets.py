"""The table of 1989: five networks on few digits, from no hidden layer to shared weights.

LeCun, "Generalization and network design strategies", CRG-TR-89-4, University of Toronto, 1989; Hastie, Tibshirani &
Friedman, "The Elements of Statistical Learning", 2nd ed., section 11.7 and table 11.1.

The report's pictures are bitmaps: 12 drawings of each digit, 16 pixels high and 13 wide, each put at 4 consecutive
positions of a 16x16 field; 32 of a class at random are for training and the other 16 for testing. So most test pictures
show a drawing that was learned at another position: the table says how well a network carries what it knows to other
positions, which is what shared weights are for, and not how it does on handwriting it has never seen. `--protocol 1989`
follows the report in this, but its drawings come from many writers instead of one, so that it is harder. They are
made black and white as his are; in gray a step of one pixel changes less, and shared weights lead by less.
`--protocol all` asks the other question: it trains on the whole training split and tests on the test split, in gray.
Both take the same number of steps.

Run it by `keras-dl run esl-nets`; `--data usps_zip` takes the digits of the book.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from matplotlib.figure import Figure

from keras_dl import describe, get_config
from keras_dl.data import Split
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.training import Options

SIZES = {
    "esl_net1": (2_570, 2_570),
    "esl_net2": (3_214, 3_214),
    "esl_net3": (1_226, 1_226),
    "esl_net4": (1_132, 2_266),
    "esl_net5": (1_060, 5_194),
}
"""published weights and links"""
PUBLISHED = {"esl_net1": 80.0, "esl_net2": 87.0, "esl_net3": 88.5, "esl_net4": 94.0, "esl_net5": 98.4}
"""published test accuracy, %"""
CLAIMED_LEAD = 5.0
DRAWINGS, POSITIONS, TRAINED = 12, 4, 32
CURVE_POINTS = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class EslNets(DataExperiment):
    """Train the five networks on the same pictures and compare their test accuracies with the published ones."""

    protocol: Literal["1989", "all"] = "1989"
    """1989: 12 drawings of each digit at 4 positions, 320 pictures to train and 160 to test; all: the data's splits"""
    steps: Annotated[int, multiple_of(CURVE_POINTS)] = 1000
    """training steps of each network, a multiple of 20: the points of its learning curve"""
    batch_size: Count = 32
    """pictures per training step"""
    learning_rate: Positive = 0.1
    """of SGD with momentum, at its highest; it warms up for 5 % of the steps, then falls to 0 along a cosine"""

    def cells(self) -> list[dict]:
        if self.dataset.spec.classes != 10:
            found = self.dataset.spec.classes
            raise UsageError(f"the five networks tell 10 digits apart; {self.data} has {found} classes")
        return [{"network": network} for network in PUBLISHED]

    def measure(self, *, seed: int, network: str) -> dict:
        """The "curve" of test accuracies, %, over the training, and the network's numbers of "weights" and "links"."""
        self.dataset.spec.check_size((16, 16), "each of the five networks")
        data = self.dataset.resized((16, 16, 1))
        train, test = lecun_1989(data.train, seed) if self.protocol == "1989" else (data.train, data.test)
        config = get_config(network)
        options = Options(optimizer="momentum", learning_rate=self.learning_rate, schedule="cosine")
        loop = self.quiet(config, options, self.steps)
        loop.begin(seed)
        history = loop.fit(
            train.stream(self.batch_size, steps=self.steps, seed=seed),
            epochs=CURVE_POINTS,
            steps_per_epoch=self.steps // CURVE_POINTS,
            validation_data=test.batches(len(test)),
        )
        sizes, curve = describe(config), [100 * accuracy for accuracy in history["val_accuracy"]]
        return {"curve": curve, "weights": sizes.parameters, "links": sizes.links}

    def claims(self, results: Results) -> list[Claim]:
        final = {network: results.values("curve", network=network)[:, -1] for network in PUBLISHED}
        others = [network for network in PUBLISHED if network != "esl_net5"]
        best = max(others, key=lambda network: final[network].mean())
        sizes = [
            results.values(kind, network=network) - SIZES[network][column]
            for network in PUBLISHED
            for column, kind in enumerate(("weights", "links"))
        ]
        return [
            Claim(
                text="The five networks have the weights and links of the table (Hastie et al., table 11.1)",
                quantity="largest difference",
                measured=np.abs(sizes).max(axis=0),
                at_most=0,
                published="esl_net5: 1,060 weights, 5,194 links",
                exact=True,
            ),
            Claim(
                text="Shared weights in both layers recognise most (LeCun 1989; Hastie et al., section 11.7)",
                quantity=f"test accuracy of esl_net5, less that of {best}, the best of the others",
                measured=final["esl_net5"] - final[best],
                at_least=CLAIMED_LEAD,
                unit="points",
                published=f"{PUBLISHED['esl_net5'] - max(PUBLISHED[network] for network in others):+.1f}",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(9, 4.8), layout="constrained")
        axes = figure.subplots()
        steps = np.linspace(0, self.steps, CURVE_POINTS + 1)[1:]
        rows = []
        for number, (network, published) in enumerate(PUBLISHED.items()):
            curves = results.values("curve", network=network)
            mean, spread = curves.mean(axis=0), curves.std(axis=0)
            axes.plot(steps, mean, color=f"C{number}", label=network)
            axes.fill_between(steps, mean - spread, mean + spread, color=f"C{number}", alpha=0.15, linewidth=0)
            sizes = [f"{results.mean(kind, network=network):,.0f}" for kind in ("weights", "links")]
            rows.append([network, *sizes, f"{published:.1f}", f"{mean[-1]:.1f} ± {spread[-1]:.1f}"])
        axes.set(xlabel="training step", ylabel="test accuracy, %", title=f"{self.subject}, protocol {self.protocol}")
        axes.grid(alpha=0.3)
        axes.legend()
        save_figure(figure, folder / "curves.png")
        figure = Figure(figsize=(8, 2.2), layout="constrained")
        axes = figure.subplots()
        axes.axis("off")
        head = ["network", "weights", "links", "published, %", "here, %"]
        table = axes.table(rows, colLabels=head, loc="center", cellLoc="right", edges="horizontal")
        table.scale(1, 1.4)
        axes.set_title(f"{self.subject}: test accuracy, mean and spread over {self.seeds} seeds")
        save_figure(figure, folder / "table.png")


def lecun_1989(split: Split, seed: int) -> tuple[Split, Split]:
    """LeCun's 480 pictures from 120 drawings of `split`, pictures (16, 16, 1) of digits: 320 to train, 160 to test.

    `seed` draws 12 drawings of each class. Each is narrowed to 16x13, made black (0) and white (255), and put at 4
    horizontal positions of an empty 16x16 field; of the 48 pictures of a class 32 at random are for training. Raises
    `UsageError` for a class of fewer drawings.
    """
    generator = np.random.default_rng(seed)
    drawings = split.inputs()
    parts = {"train": ([], []), "test": ([], [])}
    for digit in range(10):
        members = np.flatnonzero(split.labels == digit)
        if len(members) < DRAWINGS:
            raise UsageError(f"class {digit} has {len(members)} training pictures; the protocol needs {DRAWINGS}")
        chosen = drawings[generator.choice(members, DRAWINGS, replace=False)]
        narrow = keras.ops.convert_to_numpy(keras.ops.image.resize(chosen, (16, 13), antialias=True))
        bitmaps = np.where(narrow > 127.5, np.uint8(255), np.uint8(0))
        pictures = np.concatenate([np.pad(bitmaps, ((0, 0), (0, 0), (x, 3 - x), (0, 0))) for x in range(POSITIONS)])
        order = generator.permutation(len(pictures))
        for part, chosen in (("train", order[:TRAINED]), ("test", order[TRAINED:])):
            parts[part][0].append(pictures[chosen])
            parts[part][1].append(np.full(len(chosen), digit))
    return tuple(Split.of(np.concatenate(images), np.concatenate(labels)) for images, labels in parts.values())
