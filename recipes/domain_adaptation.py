"""Domain adaptation: labels in one kind of pictures, none in the kind that counts.

Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17, 2016: a network learns classes from the source,
and a second head must tell the source from the target by its features. A layer between them reverses the gradient, so
that the features learn to hide the domain. On MNIST and the same digits blended with photographs, table 2, the target's
accuracy rises from 52.25 to 76.66 %.

The source are the training pictures as they are; the target are other training pictures, without labels, whose contrast
is lower and whose background is brighter. Both networks learn by the task domain_adversarial, in the same steps on the
same pictures; for one the factor of the reversal stays 0, so that its features learn from the source alone. A lecture
calls what differs a shift of the distribution: here that of the inputs, while the classes stay.

Run it by `keras-dl run domain-adaptation`; `--contrast -1 --brightness 255` makes the target negatives.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data import Data, Split
from keras_dl.data.dataset import SPLITS
from keras_dl.data.domains import DOMAIN, two_domains
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.tasks import get_task
from keras_dl.training import Options

METHODS = {"source": "source only", "adversarial": "domain-adversarial"}
CHECKS = 20
"""parts of a training, after which accuracies are measured"""
COSINE = {"schedule": "cosine", "warmup": 0.0}


@dataclasses.dataclass(frozen=True, kw_only=True)
class DomainAdaptation(DataExperiment):
    """Train with labels of the source, and with pictures of the target whose domain is to be hidden."""

    contrast: float = 0.5
    """pixels of the target are those of the source times this; -1 makes negatives, with a brightness of 255"""
    brightness: float = 80.0
    """what is added to them, 0..255"""
    strength: Positive = 0.3
    """factor of the reversed gradient at the end"""
    steps: Annotated[int, multiple_of(CHECKS)] = 1000
    """training steps"""
    batch_size: Count = 32
    """pictures per step, of each domain"""
    learning_rate: Positive = 0.02
    """of gradient descent with momentum 0.9 at the start; it falls to 0 along a cosine"""

    def cells(self) -> list[dict]:
        self.dataset.spec.check_pictures()
        return [{"method": method} for method in METHODS]

    def shifted(self, pictures: np.ndarray) -> np.ndarray:
        """`pictures`, values 0..255, as the target shows them."""
        return np.clip(self.brightness + self.contrast * pictures, 0, 255)

    def measure(self, *, seed: int, method: str) -> dict:
        """After each twentieth, test accuracy in % in the "source" and the "target", and of the "domain" head."""
        data = self._domains(seed)
        config = get_config("lenet5_modern", filters=(8, 16), padding=("same", "same"), units=(64,))
        task = get_task("domain_adversarial", strength=self.strength if method == "adversarial" else 0.0, units=64)
        options = Options(optimizer="momentum", nesterov=False, learning_rate=self.learning_rate, **COSINE)
        training = self.quiet(
            config.for_data(data.spec).replace(input_shape=data.spec.shape), options, self.steps, task=task
        )
        network, found = training.begin(seed), {"source": [], "target": [], "domain": []}
        pictures, labels, domains = data.test.inputs(), data.test.labels, data.test.columns[DOMAIN].values

        def look(_epoch, _logs):
            outputs = keras.tree.map_structure(keras.ops.convert_to_numpy, training.model(pictures))
            right = outputs["class"].argmax(axis=1) == labels
            hits = right[domains == 0], right[domains == 1], (outputs["domain"] > 0) == domains
            for name, share in zip(found, map(np.mean, hits), strict=True):
                found[name].append(100 * float(share))

        stream = data.train.stream(2 * self.batch_size, steps=self.steps, seed=seed, arrange=task.arrange(network))
        looking = [keras.callbacks.LambdaCallback(on_epoch_end=look)]
        training.fit(stream, epochs=CHECKS, steps_per_epoch=self.steps // CHECKS, callbacks=looking)
        return found

    def _domains(self, seed: int) -> Data:
        """One half of the training pictures as they are, the other as the target shows them; and all others as both."""
        data = self.dataset
        halves = np.array_split(np.random.default_rng(seed).permutation(len(data.train)), 2)
        source, other = (dataclasses.replace(data, train=data.train.take(np.sort(half))) for half in halves)
        splits = {
            name: Split({**split.columns, "image": self.shifted(split.inputs()).astype("float32")})
            for name, split in ((name, getattr(other, name)) for name in SPLITS)
        }
        return two_domains(source, dataclasses.replace(other, **splits))

    def claims(self, results: Results) -> list[Claim]:
        last = {
            method: {name: results.values(name, method=method)[:, -1] for name in ("source", "target", "domain")}
            for method in METHODS
        }
        plain, adapted = last.values()
        return [
            Claim(
                text="A network does worse where pictures look different (lecture: distribution shifts)",
                quantity="test accuracy in the source less that in the target, source only",
                measured=plain["source"] - plain["target"],
                at_least=5,
                unit="points",
            ),
            Claim(
                text="Hiding the domain makes it better there, without a label (Ganin et al. 2016, table 2)",
                quantity="gain in test accuracy in the target",
                measured=adapted["target"] - plain["target"],
                at_least=3,
                unit="points",
                published="24.4 points, MNIST to MNIST-M",
            ),
            Claim(
                text="The domain is hidden: a head that learns to tell it falls towards guessing, 50 %",
                quantity="accuracy of the domain head on test pictures, below that of source only",
                measured=plain["domain"] - adapted["domain"],
                at_least=10,
                unit="points",
            ),
            Claim(
                text="Hiding it costs little in the source",
                quantity="loss in test accuracy in the source",
                measured=plain["source"] - adapted["source"],
                at_most=3,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        panels = figure.subplots(1, 3, width_ratios=(2, 2, 1))
        steps = np.arange(1, CHECKS + 1) * self.steps // CHECKS
        titles = {"target": "classes, in the target", "domain": "domain"}
        for panel, (name, title) in zip(panels, titles.items(), strict=False):
            for color, (method, label) in zip(("C7", "C0"), METHODS.items(), strict=True):
                values = results.values(name, method=method)
                mean, spread = values.mean(axis=0), values.std(axis=0)
                panel.plot(steps, mean, color=color, marker="o", markersize=3, label=label)
                panel.fill_between(steps, mean - spread, mean + spread, color=color, alpha=0.15)
            panel.axhline(50 if name == "domain" else 100 / self.dataset.spec.classes, color="gray", linestyle=":")
            panel.set(xlabel="training step", ylabel="test accuracy, %", ylim=(0, 102), title=title)
            panel.grid(alpha=0.3)
        panels[0].legend(loc="lower right")
        pictures = self.dataset.test.inputs()[:4].mean(axis=-1)
        pair = [np.concatenate(np.pad(part, ((0, 0), (1, 1), (1, 1)))) for part in (pictures, self.shifted(pictures))]
        panels[2].imshow(np.concatenate(pair, axis=1), cmap="gray", vmin=0, vmax=255)
        width = pair[0].shape[1]
        panels[2].set_xticks([width / 2, 1.5 * width], ["source", "target"])
        panels[2].set_yticks([])
        figure.suptitle(f"{self.subject}: labels in the source only")
        save_figure(figure, folder / "domain_adaptation.png")
