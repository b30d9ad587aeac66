"""Zero-shot learning: tell classes of which no example was seen, by what is known of their labels.

Frome et al., "DeViSE", NIPS 2013, section 3.3: each class has a vector, of attributes or of the words it is called, and
an input is mapped to where the vector of its class is. Classes that training never saw have vectors too. What is like
what is told by the cosine; the loss is the cross-entropy of the softmax over the cosines with the seen classes (DeViSE
has a hinge loss of ranks). Validation and test have classes that training never saw, see `keras_dl.data.unseen`.

Scores: "accuracy" chooses among the classes of the split, "generalized_accuracy" among all, seen ones too (Xian et al.,
"Zero-Shot Learning - A Comprehensive Evaluation", TPAMI 2019), and "chance" is that of guessing among those of the
split. Answers choose among all classes.
"""

from __future__ import annotations

import copy
import dataclasses

import numpy as np

from keras_dl import names
from keras_dl.data.label_vectors import read_vectors
from keras_dl.data.unseen import LABEL, divided
from keras_dl.errors import UsageError, some
from keras_dl.fields import Fraction, Positive
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class ZeroShot(Task):
    """Tell classes never seen by the vectors of their labels."""

    objective = Objective("accuracy", "max", worst=0.0)
    scored_each_epoch = True
    wants = (("image", "features", "audio"),)  # and classes, but networks have no output for each

    vectors: str | None = None
    """the table, .csv, of the classes by name, in its first column, with numbers that say what they are like"""
    unseen: Fraction = 0.35
    """share of the classes that training never sees"""
    temperature: Positive = 0.1
    """what cosines are divided by before the softmax"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if data.spec.find("class") != LABEL or not data.spec.class_names:
            raise UsageError(f"{self.name} needs one class an example, that has a name; {data.spec.name} has none")
        if like is not None:
            if like.class_names != data.spec.class_names:
                theirs = some(data.spec.class_names)
                raise UsageError(f"the model has vectors of {some(like.class_names)}; {data.spec.name} has {theirs}")
            vectors = like.columns[LABEL].vectors
        elif self.vectors is None:
            raise UsageError(f"{self.name} needs a table of what classes are like: --task.vectors attributes.csv")
        else:
            found = read_vectors(names.expanded(self.vectors), data.spec.class_names)
            vectors = tuple(map(tuple, found.tolist()))
        data = divided(data, self.unseen)
        return dataclasses.replace(data, spec=data.spec.replace(LABEL, vectors=vectors))

    def adapt(self, config, data):
        data = self.encoded(config, data)
        if not hasattr(config, "classes") or getattr(config, "classifier_activation", None) is not None:
            raise UsageError(f"{self.name} needs a network of classes whose outputs are bare, such as mlp or resnet20")
        numbers = len(data.spec.columns[LABEL].vectors[0])
        config = config.for_data(data.spec).replace(classes=numbers)
        return config, self.sized(config, data)

    def for_data(self, spec):
        task = copy.copy(self)
        object.__setattr__(task, "_label", spec.columns[LABEL])
        return task

    def inputs(self, batch):
        return {name: values for name, values in batch.items() if name != LABEL}

    def prepare(self, batch, key):
        return self.inputs(batch), batch[LABEL]

    def learner(self, network, config, options):
        from keras_dl.learning.label_embedding import LabelEmbedding

        if isinstance(network.output, dict):
            raise UsageError(f"{self.name} is for networks of one output layer; {network.name} has several")
        label = getattr(self, "_label", None)
        anything = np.eye(network.output.shape[-1])
        vectors = anything if label is None else np.array(label.vectors)
        seen = np.arange(len(vectors)) if label is None else np.array(label.seen)
        return LabelEmbedding(network, vectors, seen, self.temperature)

    def example(self, network, count):
        x, _ = super().example(network, count)
        return x, np.zeros(count, "int64")

    def scores(self, network, config, split, spec):
        labels = split.columns[LABEL].values
        classes = np.unique(labels)
        cosines = self._cosines(network, {spec.input: split.inputs()}, spec)
        return {
            "accuracy": float(np.mean(classes[cosines[:, classes].argmax(axis=1)] == labels)),
            "generalized_accuracy": float(np.mean(cosines.argmax(axis=1) == labels)),
            "chance": 1 / len(classes),
        }

    def answers(self, network, config, inputs, spec):
        answers = []
        for row in self._cosines(network, inputs, spec):
            order = np.argsort(-row, kind="stable")
            cosines = {spec.class_names[place]: round(float(row[place]), 4) for place in order}
            answers.append({"class": spec.class_names[order[0]], "cosines": cosines})
        return answers

    def _cosines(self, network, inputs, spec):
        """Those of each input with the vectors of all classes, (n, classes)."""
        from keras_dl.learning.label_embedding import directions

        found = np.asarray(self.outputs(network, inputs), "float64")
        return directions(found) @ directions(np.array(spec.columns[LABEL].vectors)).T
