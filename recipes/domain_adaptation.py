"""Domain adaptation: labels in one kind of pictures, none in the kind that counts.

Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17, 2016: a network learns classes from the source,
and a second head must tell the source from the target by its features. A layer between them reverses the gradient, so
that the features learn to hide the domain. On MNIST and the same digits blended with photographs, table 2, the target's
accuracy rises from 52.25 to 76.66 %.

The source are the training pictures as they are; the target are other training pictures, without labels, whose contrast
is lower and whose background is brighter. Both networks make the same steps on the same pictures, with the same second
head; for one the factor of the reversal stays 0, so that its features learn from the source alone. A lecture calls what
differs a shift of the distribution: here that of the inputs, while the classes stay.

Run it by `keras-dl run domain-adaptation`; `--contrast -1 --brightness 255` makes the target negatives.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.analysis.probe import features
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning.domain_adversarial import domain_adversarial_loss, strength, with_domain_head
from keras_dl.training.order import random_order

METHODS = {"source": "source only", "adversarial": "domain-adversarial"}
CHECKS = 20
"""parts of a training: the factor of the reversal grows, and accuracies are measured"""


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

    @functools.cached_property
    def _training(self):
        from keras_dl.training.quiet import Quiet

        model, rate = self._network(), keras.optimizers.schedules.CosineDecay(self.learning_rate, self.steps)
        model.compile(keras.optimizers.SGD(rate, momentum=0.9), domain_adversarial_loss)
        return Quiet(model, xla=False)

    def _network(self) -> keras.Model:
        lenet = get_config("lenet5_modern", filters=(8, 16), padding=("same", "same"), units=(64,))
        spec = self.dataset.spec
        return with_domain_head(lenet.for_data(spec).replace(input_shape=spec.shape).build(), 64)

    def measure(self, *, seed: int, method: str) -> dict:
        """After each twentieth, test accuracy in % in the "source" and the "target", and of the "domain" head."""
        training = self._training
        keras.utils.set_random_seed(seed)
        training.quiet(self._network())
        train, test, generator = self.dataset.train, self.dataset.test, np.random.default_rng(seed)
        source, target = np.array_split(generator.permutation(len(train)), 2)
        inputs, labels = train.inputs(), train.labels.copy()
        inputs[target], labels[target] = self.shifted(inputs[target]), -1
        orders = [part[random_order(len(part), self.steps, self.batch_size, generator)] for part in (source, target)]
        pictures = test.inputs()
        shown = np.concatenate([pictures, self.shifted(pictures)])
        found = {"source": [], "target": [], "domain": []}
        for number, order in enumerate(np.split(np.concatenate(orders, axis=1), CHECKS)):
            factor = self.strength * strength(number / (CHECKS - 1)) if method == "adversarial" else 0.0
            training.model.get_layer("reversal").factor.assign(factor)
            training.run(inputs, labels, order)
            outputs = features(training.model, shown)
            right = outputs[:, :-1].argmax(axis=1) == np.tile(test.labels, 2)
            named = (outputs[:, -1] > 0) == np.repeat([False, True], len(test))
            for name, hits in zip(found, (*np.split(right, 2), named), strict=True):
                found[name].append(100 * float(hits.mean()))
        return found

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
