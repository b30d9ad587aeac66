"""A classifier that learns from pictures as an adversary has changed them."""

from __future__ import annotations

from keras_dl.lazy import keras, tf
from keras_dl.learning.attack import fgsm, pgd
from keras_dl.learning.labels import hits
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops


class AgainstAdversary(Learner):
    """Trains a `network` that gives logits on the attack of so many `steps` within `epsilon`, on TensorFlow.

    The starts of the attacks are drawn from the learner's own numbers, in evaluation always the same ones.
    """

    losses_named = ("adversarial_loss",)
    logged = ("accuracy", "robust_accuracy")

    def __init__(self, network: keras.Model, epsilon: float, steps: int):
        super().__init__(network)
        self.epsilon, self.steps = epsilon, steps
        self.attacks = self.add_weight(shape=(), dtype="int64", initializer="zeros", trainable=False, name="attacks")

    def _attacked(self, x, y, training: bool):
        if self.steps == 1:
            return fgsm(self.network, x, y, self.epsilon)
        number = self.attacks.value if training else tf.constant(-1, "int64")
        if training:
            self.attacks.assign_add(1)
        return pgd(self.network, x, y, self.epsilon, steps=self.steps, seed=tf.stack([number, 0]))

    def named_losses(self, x, y, outputs, weights, training):
        attacked = tf.stop_gradient(self._attacked(x, y, training))
        logits = self.network(attacked, training=training)
        self._robust = weighted_mean(hits(y, logits), weights)
        loss = ops.sparse_categorical_crossentropy(ops.cast(y, "int32"), logits, from_logits=True)
        return {"adversarial_loss": weighted_mean(loss, weights)}

    def measures(self, x, y, outputs, weights):
        return {"accuracy": weighted_mean(hits(y, outputs), weights), "robust_accuracy": self._robust}
