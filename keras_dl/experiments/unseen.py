"""What recipes on classes never seen share: some classes that train a network, others that only measure it."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl import get_config
from keras_dl.config import Config
from keras_dl.data import Split
from keras_dl.data.unseen import of_classes, together
from keras_dl.errors import UsageError
from keras_dl.experiments.experiment import DataExperiment
from keras_dl.fields import Count, Positive
from keras_dl.lazy import keras
from keras_dl.learning.encoders import encoder_of
from keras_dl.learning.probe import outputs
from keras_dl.tasks import get_task
from keras_dl.training import Options

TURNS = 8
"""turns by 90 degrees, with and without mirroring"""
TRAINED = 0.6
"""share of the classes that the network is trained on"""
METHODS = {
    "pixels": "pixels",
    "untrained": "untrained\nnetwork",
    "classifier": "classifier of\nother classes",
    "turned": "classifier, classes\nalso turned",
    "prototypical": "prototypical,\nthese classes",
    "triplets": "triplets,\nthese classes",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnseenExperiment(DataExperiment):
    """Representations of classes never seen: pixels, and what networks make of them that learned from other classes."""

    network: str = "nakkiran_cnn5"
    """name of a network of the catalogue"""
    width: Positive = 0.125
    """factor on the network's width"""
    steps: Count = 500
    """training steps of each network"""
    batch_size: Count = 64
    """pictures per training step"""
    learning_rate: Positive = 1e-3
    """Adam's"""

    @property
    def seen(self) -> int:
        """How many classes train the network."""
        return round(TRAINED * self.dataset.spec.classes)

    def apart(self, seed: int) -> tuple[Config, Split, Split]:
        """The network, the pictures of its classes, drawn by `seed`, and those of all others.

        Raises `UsageError` for fewer than four classes.
        """
        spec = self.dataset.spec
        spec.check_pictures()
        if spec.classes - self.seen < 2:
            raise UsageError(f"{self.name} needs 4 classes or more, {spec.name} has {spec.classes}")
        config = get_config(self.network).scaled(width=self.width).for_data(spec)
        data = self.dataset.resized(config.input_shape)
        classes = np.random.default_rng(seed).permutation(spec.classes)
        pictures = together([data.train, data.test])
        return config, of_classes(pictures, classes[: self.seen]), of_classes(pictures, classes[self.seen :])

    def features(self, method: str, seed: int) -> tuple[np.ndarray, np.ndarray, Split, Split]:
        """What a method makes of pictures of its classes and of others, (n, width) each, and these themselves."""
        config, known, unseen = self.apart(seed)
        if method == "pixels":
            return *(part.inputs().reshape(len(part), -1) for part in (known, unseen)), known, unseen
        encoder = self.encoder(config, known, method, seed)
        return outputs(encoder, known), outputs(encoder, unseen), known, unseen

    def encoder(self, config: Config, known: Split, method: str, seed: int) -> keras.Model:
        """The network that makes features, trained by a method on `known` pictures."""
        if method not in ("untrained", "classifier"):
            known = turned(known)
        known = Split.of(known.inputs(), np.unique(known.labels, return_inverse=True)[1])
        task = get_task(method if method in ("prototypical", "triplets") else "classification")
        if hasattr(task, "drawn"):
            known = dataclasses.replace(known, drawn=task.drawn(known.labels))
        config = config.replace(classes=int(known.labels.max()) + 1)
        training = self.quiet(config, Options(learning_rate=self.learning_rate), self.steps, task=task)
        network = training.begin(seed)
        if method != "untrained":
            training.fit(known.stream(self.batch_size, steps=self.steps, seed=seed))
        return encoder_of(network, config)


def turned(split: Split) -> Split:
    """The pictures of `split` (n, side, side, channels) and their `TURNS`, each turn of a class a class of its own."""
    pictures = split.inputs()
    if pictures.shape[1] != pictures.shape[2]:
        raise UsageError(f"only square pictures can be turned, got {pictures.shape[1:]}; give image_size")
    turns = [np.rot90(side, count, axes=(1, 2)) for side in (pictures, pictures[:, :, ::-1]) for count in range(4)]
    return Split.of(np.concatenate(turns), np.concatenate([split.labels * TURNS + n for n in range(TURNS)]))
