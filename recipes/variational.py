"""Variational autoencoders: what a picture costs, its code and the rest of it, and the plane on which digits lie.

Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014, sections 2.3 and 5, appendix A: minus the evidence lower
bound is the cost of a picture given its code (reconstruction) and that of the code (KL), in nats. Numbers of a code
that are not needed cost nothing, and do not overfit. Burda, Grosse & Salakhutdinov, "Importance Weighted Autoencoders",
ICLR 2016, section 3: many codes for each picture tell more exactly how likely it is. MNIST takes 105 to 106 nats with
400 hidden units and codes of 20 numbers after ten epochs, as pytorch/examples has it (our measurement: 105.75).

Networks of codes of several widths learn the same pictures. All costs are those of test pictures.

Run it by `keras-dl run variational`; `--data mnist --units 400 --steps 4690 --batch-size 128` are ten epochs of MNIST.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.tasks import get_task
from keras_dl.tasks.variational_autoencoding import decoded, plane
from keras_dl.training import Options

WIDTHS = (2, 5, 10, 20)
"""numbers in a code"""
CODES = 50
"""of each picture, for how likely it is"""
LIKELY = 500
"""test pictures at most whose likelihood is found"""
SIDE = 12
"""pictures along each side of the plane"""
NEIGHBOURS = 5
USED = 0.05
"""nats that a number of a code costs on average where it is used"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variational(DataExperiment):
    """Learn pictures by codes of several widths; see what both parts of the bound do, and draw the plane of codes."""

    seeds: Count = 3
    """how often each measurement is repeated, with other random numbers"""
    units: Count = 128
    """hidden units each way"""
    steps: Count = 3000
    """training steps of each network"""
    batch_size: Count = 64
    """pictures per step"""
    learning_rate: Positive = 1e-3
    """Adam's"""

    def cells(self) -> list[dict]:
        self.dataset.spec.check_pictures()
        return [{"width": width} for width in WIDTHS]

    def measure(self, *, seed: int, width: int) -> dict:
        from keras_dl.learning.variational import log_likelihood

        config = get_config("vae", units=self.units, latent_width=width).for_data(self.dataset.spec)
        options = Options(learning_rate=self.learning_rate, steps_per_execution=math.gcd(self.steps, 50), seed=seed)
        loop = self.quiet(config, options, self.steps, task=get_task("variational_autoencoding"))
        network = loop.begin(seed)
        train, test = self.dataset.train, self.dataset.test
        loop.fit(train.stream(min(self.batch_size, len(train)), steps=self.steps, seed=seed))
        pictures = test.inputs().astype("float32")
        costs = loop.model.evaluate(pictures, np.zeros(len(pictures), "float32"), verbose=0, return_dict=True)
        found = {name: float(costs[name]) for name in ("loss", "reconstruction", "kl")}
        code = network.get_layer("encoder")(pictures)
        mean, variance = np.asarray(code["mean"]), np.exp(np.asarray(code["log_variance"]))
        each = 0.5 * (mean**2 + variance - 1 - np.log(variance)).mean(axis=0)
        found["used"] = int(np.sum(each > USED))
        few = pictures[:LIKELY]
        found["one"], found["many"] = (float(-log_likelihood(network, few, count).mean()) for count in (1, CODES))
        if width == 2:
            known = np.asarray(network.get_layer("encoder")(train.inputs())["mean"])
            found["neighbours"] = self._told(known, mean)
            found["by_components"] = self._told(*self._components())
            found["plane"] = decoded(network, plane(SIDE)).round().astype(int).tolist()
        return found

    def _components(self) -> tuple[np.ndarray, np.ndarray]:
        """The first two principal components of the training and the test pictures."""
        from sklearn.decomposition import PCA

        train, test = (
            split.inputs().reshape(len(split), -1) / 255 for split in (self.dataset.train, self.dataset.test)
        )
        found = PCA(2, random_state=0).fit(train)
        return found.transform(train), found.transform(test)

    def _alone(self) -> float:
        """Nats a test picture, where each pixel is as often white as in the training pictures, whatever the others."""
        shares = (self.dataset.train.inputs().mean(axis=0) / 255).clip(1e-3, 1 - 1e-3)
        white = self.dataset.test.inputs() / 255
        return float(-(white * np.log(shares) + (1 - white) * np.log(1 - shares)).sum(axis=(1, 2, 3)).mean())

    def _told(self, known: np.ndarray, asked: np.ndarray) -> float:
        """How many of 100 test pictures the nearest of the training pictures name, by points of a plane."""
        from sklearn.neighbors import KNeighborsClassifier

        found = KNeighborsClassifier(NEIGHBOURS).fit(known, self.dataset.train.labels)
        return 100 * float(found.score(asked, self.dataset.test.labels))

    def claims(self, results: Results) -> list[Claim]:
        costs = {width: results.values("loss", width=width) for width in WIDTHS}
        mnist = self.data == "mnist"
        alone = self._alone()
        return [
            Claim(
                text="A code tells what pixels have to do with each other (Kingma & Welling 2014)",
                quantity=f"nats a picture, codes of 20; {alone:.1f} where pixels know nothing of each other",
                measured=costs[20],
                at_most=106 if mnist else alone - 2,
                unit="nats",
                published="105 to 106, ten epochs" if mnist else "",
            ),
            Claim(
                text="A longer code costs more",
                quantity="nats of the code of 10 numbers less those of 2",
                measured=results.values("kl", width=10) - results.values("kl", width=2),
                at_least=1,
                unit="nats",
            ),
            Claim(
                text="and the picture costs less by more than that",
                quantity="nats that the bound falls by, from 2 numbers to 10",
                measured=costs[2] - costs[10],
                at_least=0.2,
                unit="nats",
            ),
            Claim(
                text="Numbers that are not needed do not overfit (Kingma & Welling 2014, section 5)",
                quantity="nats that a code of 20 numbers costs more than one of 10",
                measured=costs[20] - costs[10],
                at_most=0.5,
                unit="nats",
            ),
            Claim(
                text="Many codes tell more exactly how likely a picture is (Burda et al. 2016, theorem 1)",
                quantity=f"nats that the bound of {CODES} codes is tighter than that of one, codes of 20",
                measured=results.values("one", width=20) - results.values("many", width=20),
                at_least=0.1,
                unit="nats",
            ),
            Claim(
                text="Digits of a kind lie together on the plane of codes (Kingma & Welling 2014, figure 4)",
                quantity="test pictures that their neighbours name, codes of 2, less by two principal components",
                measured=results.values("neighbours", width=2) - results.values("by_components", width=2),
                at_least=5,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10, 5), layout="constrained")
        left, right = figure.subplots(1, 2)
        pictures = results.values("plane", width=2)[0]
        padded = np.pad(pictures, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=255)
        _, height, width, channels = padded.shape
        rows = padded.reshape(SIDE, SIDE, height, width, channels).swapaxes(1, 2)
        left.imshow(rows.reshape(SIDE * height, SIDE * width, channels).squeeze() / 255, cmap="gray")
        left.set(title="the plane of codes of 2 numbers", xticks=[], yticks=[])
        places = range(len(WIDTHS))
        kl, rest = ([results.mean(name, width=width) for width in WIDTHS] for name in ("kl", "reconstruction"))
        right.bar(places, rest, label="picture given its code (reconstruction)")
        right.bar(places, kl, bottom=rest, label="code (KL)")
        used = [f"{width}\n({results.mean('used', width=width):.0f} used)" for width in WIDTHS]
        right.set_xticks(places, used)
        right.set(xlabel="numbers in a code", ylabel="nats a test picture", title=f"minus the bound, {self.subject}")
        right.legend(loc="lower left")
        right.grid(alpha=0.3, axis="y")
        save_figure(figure, folder / "variational.png")
