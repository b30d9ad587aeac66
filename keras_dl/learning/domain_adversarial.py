"""Domain-adversarial learning: features from which a class can be read, but not the domain of the example.

Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17, 2016, sections 4.2 and 5.2.2.
"""

from __future__ import annotations

from keras_dl import surgery
from keras_dl.lazy import LazyModule, keras
from keras_dl.learning.labels import hits
from keras_dl.learning.learner import Learner, weighted_mean

layers = LazyModule("keras_dl.layers")
ops = keras.ops
DOMAIN_HEAD = "domain_head"


class DomainAdversarialLearner(Learner):
    """Trains a `network` by the `loss` of the classes in the source, and against a head that tells the domain.

    y holds "label" and "domain", 0 for the source and 1 for the target, whose labels are never looked at. The head is
    the model `domain_head` of the network, on its layer `features`; where it has none it is the learner's own, one
    hidden layer of `units` on what the head for the classes reads. Its gradient comes back to the network reversed,
    times `strength` and a factor that grows with the steps that are done.
    """

    losses_named = ("class_loss", "domain_loss")
    logged = ("accuracy", "domain_accuracy")
    by_network_alone = False

    def __init__(self, network: keras.Model, loss: keras.losses.Loss, strength: float, units: int):
        super().__init__(network)
        self.loss_of, self.strength = loss, strength
        whole = isinstance(network.output, dict)
        features = network.get_layer("features").output if whole else surgery.embedding(network).output
        classes = network.output["head"] if whole else network.output
        self.both = keras.Model(network.input, {"class": classes, "features": features})
        self.reversal = layers.GradientReversal(0.0, name="reversal", dtype="float32")
        own = [
            keras.Input(features.shape[1:]),
            keras.layers.Dense(units, activation="relu", name="hidden"),
            keras.layers.Dense(1, name="domain"),
        ]
        self.domain_head = network.get_layer(DOMAIN_HEAD) if whole else keras.Sequential(own, name=DOMAIN_HEAD)
        self.done = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="done")
        self.steps = 1

    def stretch(self, steps):
        self.steps = steps

    def call(self, x, training=None):
        """x -> {"class": the outputs of the network, "domain": (batch,), one logit for "from the target"}."""
        found = self.both(x, training=training)
        if training:
            self.reversal.factor.assign(self.strength * growth(ops.cast(self.done, "float32") / self.steps))
            self.done.assign(self.done + 1)
        features = self.reversal(ops.cast(found["features"], "float32"))
        return {"class": found["class"], "domain": ops.squeeze(self.domain_head(features, training=training), -1)}

    def named_losses(self, x, y, outputs, weights, training):
        logits, domain = outputs["domain"], ops.cast(y["domain"], "float32")
        classes = self.loss_of.call(ops.maximum(y["label"], 0), outputs["class"])
        return {
            "class_loss": weighted_mean(classes, self._known(y, weights)),
            "domain_loss": weighted_mean(ops.softplus(logits) - domain * logits, _of(weights, "domain")),
        }

    def measures(self, x, y, outputs, weights):
        told = ops.cast(ops.equal(outputs["domain"] > 0, y["domain"] > 0), "float32")
        right = hits(ops.maximum(y["label"], 0), outputs["class"])
        return {
            "accuracy": weighted_mean(right, self._known(y, weights)),
            "domain_accuracy": weighted_mean(told, _of(weights, "domain")),
        }

    def count(self, x, y, weights):
        known = ops.sum(self._known(y, weights))
        everything = super().count(x, y, _of(weights, "domain"))
        return {"class_loss": known, "accuracy": known, "domain_loss": everything, "domain_accuracy": everything}

    def _known(self, y, weights):
        """How much the label of each example counts, (batch,) float32: nothing in the target."""
        source = ops.cast(ops.equal(y["domain"], 0), "float32")
        return source if weights is None else source * ops.cast(_of(weights, "label"), "float32")


def _of(weights, name: str):
    return weights[name] if isinstance(weights, dict) else weights


def growth(progress):
    """The factor of the reversal at `progress` 0..1 of a training, from 0 to almost 1 (equation of section 5.2.2)."""
    return 2 / (1 + ops.exp(-10 * progress)) - 1
