"""A network that tells classes, by whose eyes pictures are judged that other networks have made."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl import surgery
from keras_dl.analysis.samples import class_entropy, kernel_distance, precision_and_recall
from keras_dl.config import Config
from keras_dl.data import Data
from keras_dl.experiments.experiment import Experiment
from keras_dl.lazy import keras
from keras_dl.training import Options

BATCH = 256


@dataclasses.dataclass(frozen=True)
class Judge:
    """A trained classifier `network` of the classes of `data`, whose test pictures it compares others with."""

    network: keras.Model
    data: Data

    @classmethod
    def of(cls, experiment: Experiment, config: Config, data: Data, steps: int, seed: int) -> Judge:
        """The network of `config` after `steps` of Adam on batches of 64 training pictures."""
        training = experiment.quiet(config, Options(learning_rate=1e-3, schedule="cosine"), steps)
        network = training.begin(seed)
        training.fit(data.train.stream(64, steps=steps, seed=seed))
        return cls(network, data)

    @property
    def accuracy(self) -> float:
        """On the test split, in %."""
        test = self.data.test
        return 100 * float(np.mean(self.classes(test.inputs()) == test.labels))

    def classes(self, pictures: np.ndarray) -> np.ndarray:
        """What it calls `pictures` (n, height, width, channels), pixels 0..255: (n,)."""
        return self._called(self.network, pictures).argmax(axis=1)

    def scores(self, made: np.ndarray) -> dict[str, float]:
        """How good pictures `made` (n, height, width, channels) are, as `keras_dl.analysis.samples` says.

        "classes" are those that make up a hundredth of the pictures or more.
        """
        count, told = self.data.spec.classes, self.classes(made)
        features = surgery.embedding(self.network)
        theirs, ours = (self._called(features, pictures) for pictures in (self.data.test.inputs(), made))
        precision, recall = precision_and_recall(theirs, ours)
        return {
            "classes": float(np.sum(np.bincount(told, minlength=count) >= len(made) / 100)),
            "entropy": class_entropy(told, count),
            "precision": precision,
            "recall": recall,
            "kernel_distance": kernel_distance(theirs, ours),
        }

    def _called(self, network: keras.Model, pictures: np.ndarray) -> np.ndarray:
        parts = np.split(pictures.astype("float32"), range(BATCH, len(pictures), BATCH))
        return np.concatenate([keras.ops.convert_to_numpy(network(part, training=False)) for part in parts])
