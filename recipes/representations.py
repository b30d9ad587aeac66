"""Representations: features learned without labels in six ways, by one linear probe and by nearest neighbours.

Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020 (SimCLR); Wang & Isola,
"Understanding Contrastive Representation Learning through Alignment and Uniformity on the Hypersphere", ICML 2020;
Gidaris et al., "Unsupervised Representation Learning by Predicting Image Rotations", ICLR 2018; Caron et al., "Deep
Clustering for Unsupervised Learning of Visual Features", ECCV 2018; He et al., "Masked Autoencoders Are Scalable Vision
Learners", CVPR 2022; van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018; Lupidi et
al., "Does Double Descent Occur in Self-Supervised Learning?", 2023.

One convolutional encoder learns from all training pictures without labels: to tell two views of a picture from others,
turns, or clusters of its own features. A masked autoencoder and an autoencoder learn in networks of their own. A
logistic regression with ten labels a class on the features, and the nearest of these examples, are compared with the
same on untrained features and on pixels, which on digits are strong baselines. Of SimCLR the temperature, the size of a
batch, the views and the width are changed one at a time. Sounds, `--data spoken_digit`, are learned by predictive
coding instead.

Run it by `keras-dl run representations`, or with `--data cifar10_jpeg` or `--data mnist`.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated

import numpy as np

from keras_dl import get_config
from keras_dl.config import Config
from keras_dl.data import Data
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Results
from keras_dl.experiments.probing import LABELS, ProbedExperiment, evaluated
from keras_dl.fields import at_least
from keras_dl.lazy import keras
from keras_dl.learning.contrastive import uniformity
from keras_dl.learning.probe import outputs
from keras_dl.learning.task import Task
from keras_dl.tasks import get_task

METHODS = {
    "views": "SimCLR",
    "rotation": "RotNet",
    "clusters": "DeepCluster",
    "patches": "masked autoencoder",
    "code": "autoencoder",
}
SOUNDS = {"sounds": "predictive coding"}
TWO = ("crop", "rotate", "shift")
"""the changes that make views of a picture"""
CHANGED = {
    "cold": {"temperature": 0.02},
    "hot": {"temperature": 20.0},
    "few": {"batch_size": 8},
    "shifted": {"changes": ("shift",)},
    "hard": {"hardness": 1.0},
    "narrow": {"width": 0.25},
    "half": {"width": 0.5},
    "wide": {"width": 2.0},
}
"""what is changed of SimCLR, one thing at a time: options of the task, the batch, or the width of the encoder"""
PUBLISHED = {"views": "76.5 % with all labels of ImageNet, by a ResNet-50 four times as wide"}
"""accuracies of a linear probe"""
PROJECTION = "a code that has learned nothing is a random projection of the pixels, which loses little of them"
PATCH, HIDDEN = 2, 0.5
"""height and width of what is hidden, and its share of a picture"""
LOOKED_AT = 2000
"""test pictures, at most, whose uniformity is measured"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Representations(ProbedExperiment):
    """Train encoders without labels, and probe their features with ten labels a class."""

    clusters: Annotated[int, at_least(2)] = 30
    """clusters to be told apart"""

    @property
    def named(self):
        if self.dataset.spec.kind == "audio":
            return SOUNDS
        return METHODS | {name: f"SimCLR, {name}" for name in CHANGED}

    @property
    def curves(self):
        return [method for method in self.named if method not in CHANGED]

    def cells(self) -> list[dict]:
        spec = self.dataset.spec
        self.dataset.train.few(LABELS, 0)
        if spec.kind != "audio":
            spec.check_pictures()
            if spec.shape[0] != spec.shape[1] or spec.shape[0] % PATCH:
                shape = spec.shape
                raise UsageError(f"these tasks need square pictures of even size; {self.data} has inputs of {shape}")
        return [{"method": method} for method in self.named]

    def batch(self, method: str) -> int:
        return CHANGED.get(method, {}).get("batch_size", self.batch_size)

    def learned(self, method: str) -> tuple[Config, Task]:
        """The network and the task of a method."""
        if method == "patches":
            side, heads = self.dataset.spec.shape[0], self.width // 2
            sizes = {"heads": heads, "head_width": 16, "blocks": 2, "decoder_heads": heads, "decoder_head_width": 8}
            sizes |= {"input_shape": (side, side, 1), "patch": max(PATCH, side // 8), "decoder_blocks": 1}
            config = get_config("masked_autoencoder_vit_b", masking_ratio=HIDDEN, **sizes)
            return config, get_task("masked_reconstruction")
        if method == "code":
            return get_config("autoencoder", latent_width=8 * self.width), get_task("reconstruction")
        if method == "sounds":
            return get_config("cpc", filters=8 * self.width, units=8 * self.width), get_task("predictive_coding")
        changed = {"changes": TWO, **CHANGED.get(method, {})}
        encoder = get_config("nakkiran_cnn5", k=round(self.width * changed.pop("width", 1)))
        changed.pop("batch_size", None)
        if method == "rotation":
            return encoder, get_task("rotation")
        if method == "clusters":
            return encoder, get_task("clustering", clusters=self.clusters, changes=TWO)
        return encoder, get_task("contrastive", **changed)

    def _views(self, learner: keras.Model, data: Data, seed: int, task: Task) -> dict:
        """The uniformity of test pictures."""
        single = learner.projection(learner.encoder(data.test.inputs()[:LOOKED_AT]))
        return {"uniformity": float(uniformity(single))}

    def _rotation(self, learner: keras.Model, data: Data, seed: int, task: Task) -> dict:
        """The share of test pictures whose turn is named."""
        return {"right": evaluated(learner, data, task)["accuracy"]}

    def _patches(self, learner: keras.Model, data: Data, seed: int, task: Task) -> dict:
        """The error of hidden patches over that of their means."""
        found = evaluated(learner, data, task)
        return {"error": found["error"] / found["error_of_mean"]}

    def _clusters(self, learner: keras.Model, data: Data, seed: int, task: Task) -> dict:
        """Finds the clusters anew: what they know of the classes, normalized, and how many are in the smallest."""
        found = learner.find(outputs(learner.encoder, data.train), seed)
        from sklearn.metrics import normalized_mutual_info_score

        information = normalized_mutual_info_score(data.train.labels, found.labels)
        return {"information": float(information), "smallest": int(found.counts.min())}

    def _sounds(self, learner: keras.Model, data: Data, seed: int, task: Task) -> dict:
        """How many times as many latents are found as by chance."""
        found = evaluated(learner, data, task)
        return {"times": found["accuracy"] / found["chance"]}

    def claims(self, results: Results) -> list[Claim]:
        methods = SOUNDS if self.dataset.spec.kind == "audio" else METHODS
        gain = {method: (found := results.values("accuracy", method=method)) - found[:, :1] for method in methods}
        reasons = {"code": PROJECTION} | ({} if methods is SOUNDS else {"rotation": forgets(gain["rotation"])})
        better = [
            Claim(
                text=f"Features learned without labels are better than untrained ones: {name}",
                quantity=f"gain in test accuracy of a linear probe, {LABELS} labels a class",
                measured=gain[method][:, -1],
                at_least=3,
                unit="points",
                published=PUBLISHED.get(method, ""),
                reason=reasons.get(method, ""),
            )
            for method, name in methods.items()
        ]
        return [*(claims_of_sounds if methods is SOUNDS else claims_of_pictures)(results), *better]


def forgets(gain: np.ndarray) -> str:
    """Why the gain of naming turns, (seeds, 1 + ROUNDS), may be lost."""
    return f"after an eighth of the steps the gain is {gain[:, 1].mean():.1f} points, while turns are named ever better"


def claims_of_sounds(results: Results) -> list[Claim]:
    return [
        Claim(
            text="What comes next in a sound follows from what came before (van den Oord et al. 2018)",
            quantity="latents found among those of other sounds, relative to chance",
            measured=results.values("times", method="sounds")[:, -1],
            at_least=5,
            unit="times",
        )
    ]


def claims_of_pictures(results: Results) -> list[Claim]:
    spread = results.values("uniformity", method="views")
    known = results.values("information", method="clusters")
    last = {name: results.values("accuracy", method=name)[:, -1] for name in ("views", *CHANGED)}
    widths = np.stack([last[name] for name in ("narrow", "half", "views", "wide")])

    def loses(name: str, text: str, quantity: str) -> Claim:
        measured = last["views"] - last[name]
        return Claim(text=text, quantity=f"accuracy less {quantity}", measured=measured, at_least=1, unit="points")

    return [
        Claim(
            text="Contrastive learning spreads pictures over the sphere (Wang & Isola 2020)",
            quantity="fall of the uniformity of test pictures from that of an untrained network",
            measured=spread[:, 0] - spread[:, -1],
            at_least=1.5,
            unit="nats",
        ),
        Claim(
            text="A network can tell how far a picture was turned (Gidaris et al. 2018)",
            quantity="test pictures whose turn is named, of four",
            measured=100 * results.values("right", method="rotation")[:, -1],
            at_least=70,
            unit="%",
        ),
        Claim(
            text="What is hidden of a picture follows from the rest (He et al. 2022)",
            quantity="squared error of hidden test patches over that of their means",
            measured=results.values("error", method="patches")[:, -1],
            at_most=0.7,
        ),
        Claim(
            text="Clusters come closer to the classes while a network learns them (Caron et al. 2018, figure 2)",
            quantity="rise of the normalized mutual information of clusters and classes",
            measured=known[:, -1] - known[:, 0],
            at_least=0.05,
        ),
        Claim(
            text="No cluster is empty (Caron et al. 2018, section 3.3)",
            quantity="pictures in the smallest",
            measured=results.values("smallest", method="clusters").min(axis=1),
            at_least=1,
            exact=True,
        ),
        Claim(
            text="Views teach more than turns in the same steps (Chen et al. 2020, table 6)",
            quantity="accuracy less that of RotNet",
            measured=last["views"] - results.values("accuracy", method="rotation")[:, -1],
            at_least=3,
            unit="points",
        ),
        loses("cold", "Too low a temperature hurts (Chen et al. 2020, table 5)", "that of a temperature of 0.02"),
        loses("hot", "So does too high a one (Chen et al. 2020, table 5)", "that of a temperature of 20"),
        loses("few", "Larger batches are better (Chen et al. 2020, figure 9)", "that of batches of 8"),
        loses("shifted", "One change alone makes poor views (Chen et al. 2020, figure 5)", "that of shifts alone"),
        Claim(
            text="There is no double descent in learning without labels (Lupidi et al. 2023)",
            quantity="largest fall of the accuracy from one width to the double, of four",
            measured=np.max(widths[:-1] - widths[1:], axis=0),
            at_most=2,
            unit="points",
        ),
    ]
