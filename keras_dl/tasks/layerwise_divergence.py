"""Layerwise divergence: Boltzmann machines, one upon the other, learn one after another what the data are.

Hinton, Osindero & Teh, "A fast learning algorithm for deep belief nets", Neural Computation 18, 2006, sections 4 to 6.
Each machine has an equal share of the epochs, by contrastive divergence: see the task of that name. What it learns from
is what the ones below it say of the data. The last one sees the classes too, as units of which one is 1, so that the
network tells them, exactly as the last machine has it, which is the score "accuracy"; `--task.no-labels` leaves them
out. The classifier that the layers make is then trained by `keras-dl train RUN/model --data D --task classification`.

What an epoch logs is of the machine that learns in it. Each machine goes through its share of a schedule of the
learning rate, from the beginning.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.learning.task import BATCH
from keras_dl.tasks import contrastive_divergence
from keras_dl.tasks.contrastive_divergence import DREAMED


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerwiseDivergence(contrastive_divergence.ContrastiveDivergence):
    """Make the data likelier, a layer after another."""

    persistent: bool = False
    """whether chains go on where they ended, or begin at the examples, as in the paper"""
    labels: bool = True
    """whether the last machine sees the classes of the examples"""

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        if self.labels and data.spec.find("class") is None:
            raise UsageError(f"the last layer sees classes, {data.spec.name} has none; --task.no-labels needs none")
        return config, data

    def arrange(self, network):
        """The target is the class, where it is seen."""
        plain = super().arrange(network)
        return (lambda batch, key: (plain(batch, key)[0], batch["label"])) if self.labels else plain

    def learner(self, network, config, options):
        from keras_dl.learning.belief import Stack

        self.check(network)
        return Stack(network, self.steps, self.persistent, self.labels, options)

    def check(self, network):
        from keras_dl.learning.belief import machines

        if not machines(network):
            raise UsageError(f"{self.name} is for machines, one upon the other, such as dbn; {network.name} is none")

    def scores(self, network, config, split, spec):
        from keras_dl.learning.probe import outputs

        if not self.labels:
            return {}
        from keras_dl.learning.belief import below, class_probabilities

        found = class_probabilities(network, outputs(below(network), split))
        return {"accuracy": float(np.mean(found.argmax(axis=1) == split.labels))}

    def answers(self, network, config, inputs, spec):
        """The classes with their probabilities."""
        from keras_dl.learning.belief import below, class_probabilities

        if not self.labels:
            raise UsageError("this network has learned without classes, and answers no questions; use keras_dl.load")
        features = below(network).predict(inputs[spec.input], batch_size=BATCH, verbose=0)
        names = spec.class_names or tuple(map(str, range(spec.classes)))
        return [
            {
                "class": names[row.argmax()],
                "probabilities": {names[place]: float(row[place]) for place in np.argsort(-row, kind="stable")},
            }
            for row in class_probabilities(network, features)
        ]

    def dreamed(self, network, seeds):
        from keras_dl.learning.belief import made

        return made(network, seeds, DREAMED, self.labels)

    def again(self, network, pictures):
        from keras_dl.learning.belief import again

        return 255 * again(network, pictures).reshape(pictures.shape)
