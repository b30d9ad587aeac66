"""Adversarial examples: changes too small to matter to the eye turn the answer; training on them makes it robust.

Szegedy et al., "Intriguing properties of neural networks", ICLR 2014; Goodfellow, Shlens & Szegedy, "Explaining and
harnessing adversarial examples", ICLR 2015, section 4 (FGSM); Madry et al., "Towards deep learning models resistant to
adversarial attacks", ICLR 2018, sections 2 and 5 (PGD, adversarial training).

A network is trained on the pictures as they are, and once more on what PGD makes of each batch against the weights of
that moment. Both are attacked on the test split, with all the knowledge of their weights, for a growing `epsilon`: the
largest change of a pixel. The lecture's pair is a temple (97 %) that becomes an ostrich (98 %).

Run it by `keras-dl run adversarial`; `--network` names another network of the catalogue, `--data` other pictures.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
import scipy.special
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data import Split
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, up_to
from keras_dl.figures import plain, save_figure
from keras_dl.lazy import keras
from keras_dl.learning import attack
from keras_dl.tasks.adversarial_training import AdversarialTraining
from keras_dl.tasks.classification import Classification
from keras_dl.training import Options

TRAININGS = {"standard": "trained on pictures", "adversarial": "trained on PGD examples"}
ATTACKS = {"fgsm": attack.fgsm, "pgd": attack.pgd}
SHARES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
"""the changes that are measured, as shares of the option `epsilon`"""
SHOWN = 3
"""pictures whose fooling is drawn"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Adversarial(DataExperiment):
    """Attack a network by FGSM and PGD, before and after training it on PGD examples."""

    seeds: Count = 3
    """how often each measurement is repeated, with other initial weights, orders and random starts"""
    network: str = "mlp"
    """name of a network of the catalogue"""
    epsilon: Annotated[float, up_to(255 / max(SHARES))] = 32.0
    """largest change of a pixel in adversarial training, of 255; attacks are measured from a quarter to 1.5 of it"""
    steps: Count = 600
    """training steps of each network"""
    batch_size: Count = 64
    """pictures per training step"""
    learning_rate: Positive = 1e-3
    """Adam's"""
    attack_steps: Count = 20
    """steps of PGD when it is measured; a third of them in training"""

    def cells(self) -> list[dict]:
        return [{"training": training} for training in TRAININGS]

    @property
    def epsilons(self) -> list[float]:
        return [share * self.epsilon for share in SHARES]

    def measure(self, *, seed: int, training: str) -> dict:
        spec = self.dataset.spec
        spec.check_pictures()
        config = get_config(self.network).for_data(spec)
        data = self.dataset.resized(config.input_shape)
        against = AdversarialTraining(epsilon=self.epsilon, steps=-(-self.attack_steps // 3))
        task = against if training == "adversarial" else Classification()
        loop = self.quiet(config, Options(learning_rate=self.learning_rate), self.steps, task=task)
        model = loop.begin(seed)
        loop.fit(data.train.stream(self.batch_size, steps=self.steps, seed=seed))
        return self._attacked(model, data.test, seed)

    def _attacked(self, model: keras.Model, test: Split, seed: int) -> dict:
        """Accuracies under each attack, at 0 and `epsilons`; the largest excess; the pictures that PGD turns best."""
        pictures, labels = test.inputs(), test.labels
        before = _probabilities(model, pictures)
        correct = before.argmax(axis=1) == labels
        accuracy = {name: [100 * float(correct.mean())] for name in ATTACKS}
        excess = 0.0
        for epsilon in self.epsilons:
            for name, settings in (("fgsm", {}), ("pgd", {"steps": self.attack_steps, "seed": (seed, 0)})):
                batches = [ATTACKS[name](model, x, y, epsilon, **settings).numpy() for x, y in test.batches(256)]
                changed = np.concatenate(batches)
                after = _probabilities(model, changed)
                accuracy[name].append(100 * float(np.mean(after.argmax(axis=1) == labels)))
                bounds = (np.abs(changed - pictures) - epsilon, -changed, changed - 255)
                excess = max(excess, *(float(values.max()) for values in bounds))
            if epsilon == self.epsilon:
                flipped = correct & (after.argmax(axis=1) != labels)
                certainty = np.where(flipped, np.minimum(before.max(axis=1), after.max(axis=1)), 0)
                flips = [
                    {
                        "pictures": np.round([pictures[index], changed[index]], 2).tolist(),
                        "answers": [int(before[index].argmax()), int(after[index].argmax())],
                        "certainty": [float(before[index].max()), float(after[index].max())],
                    }
                    for index in np.argsort(-certainty)[:SHOWN]
                ]
        return {**accuracy, "excess": excess, "flips": flips}

    def claims(self, results: Results) -> list[Claim]:
        at = 1 + SHARES.index(1.0)
        standard = {name: results.values(name, training="standard") for name in ATTACKS}
        hardened = {name: results.values(name, training="adversarial") for name in ATTACKS}
        stronger = [results.values("pgd", training=t) - results.values("fgsm", training=t) for t in TRAININGS]
        certainty = [min(flips[0]["certainty"]) for flips in results.values("flips", training="standard")]
        where = f"at epsilon {self.epsilon:g} of 255"
        return [
            Claim(
                text="An attack stays within epsilon of every pixel, and within 0..255",
                quantity="largest excess over either, in pixel values",
                measured=results.values("excess"),
                at_most=1e-4,
                exact=True,
            ),
            Claim(
                text="The network is a good one on pictures as they are",
                quantity="test accuracy",
                measured=standard["fgsm"][:, 0],
                at_least=94,
                unit="%",
            ),
            Claim(
                text="One step along the sign of the gradient fools it (Goodfellow et al. 2015, section 4)",
                quantity=f"accuracy under FGSM {where}",
                measured=standard["fgsm"][:, at],
                at_most=65,
                unit="%",
            ),
            Claim(
                text="It is as sure of a wrong answer as of the right one (Szegedy et al. 2014; the lecture's temple)",
                quantity=f"confidence in both the right answer before and the wrong one after, best picture, {where}",
                measured=100 * np.array(certainty),
                at_least=90,
                unit="%",
                published="97 % before, 98 % after",
            ),
            Claim(
                text="Many projected steps from a random start are the stronger attack (Madry et al. 2018, section 5)",
                quantity="largest lead of accuracy under PGD over that under FGSM, at any epsilon and training",
                measured=np.max(stronger, axis=(0, 2)),
                at_most=1,
                unit="points",
            ),
            Claim(
                text="Training on PGD examples makes a network robust (Madry et al. 2018, section 5)",
                quantity=f"gain in accuracy under PGD {where}",
                measured=hardened["pgd"][:, at] - standard["pgd"][:, at],
                at_least=30,
                unit="points",
            ),
            Claim(
                text="It costs little accuracy on pictures as they are, for digits",
                quantity="loss of test accuracy",
                measured=standard["pgd"][:, 0] - hardened["pgd"][:, 0],
                at_most=3,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.subplots()
        for (training, label), color in zip(TRAININGS.items(), ("C3", "C0"), strict=True):
            for name, line in (("fgsm", "--"), ("pgd", "-")):
                curves = results.values(name, training=training)
                mean, spread = curves.mean(axis=0), curves.std(axis=0)
                style = {"fmt": line, "color": color, "capsize": 3, "label": f"{label}: {name.upper()}"}
                axes.errorbar([0, *self.epsilons], mean, spread, **style)
        axes.axvline(self.epsilon, color="gray", linewidth=0.8, linestyle=":", label="epsilon of the training")
        axes.set(xlabel="epsilon: largest change of a pixel, of 255", ylabel="test accuracy, %", ylim=(0, 100))
        axes.set_title(f"{self.network} on {self.subject}")
        axes.grid(alpha=0.3)
        axes.legend()
        save_figure(figure, folder / "accuracy.png")
        flips = results.values("flips", training="standard")[0]
        _draw_flips(flips, self.dataset.spec.class_names, self.epsilon, folder / "flipped.png")


def _probabilities(model: keras.Model, pictures: np.ndarray) -> np.ndarray:
    starts = range(0, len(pictures), 256)
    logits = np.concatenate([model(pictures[start : start + 256], training=False).numpy() for start in starts])
    return scipy.special.softmax(logits, axis=1)


def _draw_flips(flips: list[dict], names: tuple[str, ...], epsilon: float, path: Path) -> None:
    """A row for each picture: as it was, what was added, the result."""
    figure = Figure(figsize=(6.6, 2.3 * len(flips)), layout="constrained")
    for row, flip in zip(figure.subplots(len(flips), 3, squeeze=False), flips, strict=True):
        picture, changed = np.array(flip["pictures"])
        shown = (picture, 127.5 * (1 + (changed - picture) / epsilon), changed)
        before, after = (
            f"{plain(names[a])} ({c:.1%})" for a, c in zip(flip["answers"], flip["certainty"], strict=True)
        )
        for axes, pixels, title in zip(row, shown, (before, f"change, x{127.5 / epsilon:.0f}", after), strict=True):
            axes.imshow(np.clip(pixels / 255, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1)
            axes.set_title(title)
            axes.axis("off")
    save_figure(figure, path)
