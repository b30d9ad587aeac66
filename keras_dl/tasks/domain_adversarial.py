"""Domain-adversarial learning: labels in one kind of examples, the source, none in the kind that counts, the target.

Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17, 2016. The network tells the classes of the
source by features from which another head, which is not kept, cannot tell the domain. Labels of the target are not in
the training split. They tell how good the network is there, "target_accuracy" of the validation and test splits;
"accuracy" is that in the source, and "domain_accuracy" that of the other head. A search that compares target
accuracies chooses by labels of the target; patience does not, it watches the loss of the classes in the source.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data import load
from keras_dl.data.domains import DOMAIN, LABEL, two_domains
from keras_dl.errors import UsageError
from keras_dl.fields import Count, NotNegative
from keras_dl.learning.objective import Objective
from keras_dl.tasks.classification import Classification, judged


@dataclasses.dataclass(frozen=True, kw_only=True)
class DomainAdversarial(Classification):
    """Tell the class of inputs that look unlike those whose classes are known."""

    objective = Objective("target_accuracy", "max", worst=0.0)
    monitor = Objective("class_loss", "min")
    scored_each_epoch = True
    wants = (("image", "features"), ("class",))

    target: str | None = None
    """the data without labels, of the same classes, named as `--data` are; tensorflow-datasets in TFDS_DATA_DIR"""
    strength: NotNegative = 0.1
    """factor of the reversed gradient at the end, to which it grows from 0; at 0 the head for the domain only looks.
    The paper has 1, with momentum and a rate that falls from 0.01; with Adam the losses of both then grow"""
    units: Count = 100
    """of the hidden layer of the head for the domain, where the network brings none"""

    def adapt(self, config, data):
        if self.target is None:
            raise UsageError(f"{self.name} needs data without labels to adapt to: --task.target usps_zip")
        if self.class_weights is not None:
            raise UsageError(f"{self.name} counts both domains alike; leave class_weights out")
        config, data = super().adapt(config, data)
        return config, two_domains(data, self.sized(config, self.encoded(config, load(self.target))))

    def inputs(self, batch):
        return super().inputs({name: values for name, values in batch.items() if name != DOMAIN})

    def prepare(self, batch, key):
        return self.inputs(batch), {name: batch[name] for name in (LABEL, DOMAIN)}

    def learner(self, network, config, options):
        from keras_dl.learning.domain_adversarial import DomainAdversarialLearner

        whole = isinstance(network.output, dict) and set(network.output) == {"head", DOMAIN}
        if (isinstance(network.output, dict) and not whole) or config.classes == 1:
            raise UsageError(f"{self.name} is for dann, and networks of one output layer with an output for each class")
        return DomainAdversarialLearner(network, judged(config, options)["loss"], self.strength, self.units)

    def compiling(self, network, config, options):
        return {}

    def example(self, network, count):
        x, _ = super().example(network, count)
        return x, {LABEL: np.zeros(count, "int64"), DOMAIN: np.arange(count) % 2}

    def scores(self, network, config, split, spec):
        if DOMAIN not in split.columns:
            return {}
        there = split.take(np.flatnonzero(split.columns[DOMAIN].values == 1))
        found = self.probabilities(network, config, {spec.input: there.inputs()}).argmax(axis=1)
        return {"target_accuracy": float(np.mean(found == there.columns[LABEL].values))}
