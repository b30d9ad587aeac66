"""A network that learns the states of speech, which are found anew by what it has learned.

Hinton et al., "Deep Neural Networks for Acoustic Modeling in Speech Recognition", IEEE Signal Processing Magazine
29(6), 2012: a forced alignment says which state is said at each step; the decoder takes likelihoods of the frames, the
probabilities of the states over their shares.
"""

from __future__ import annotations

import numpy as np

from keras_dl.data.utterances import NUMBER, SERIES, STATES, WORDS
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning import hidden_markov
from keras_dl.learning.labels import CrossEntropy, hits
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops
BATCH = 32


class Aligned(Learner):
    """Trains a `network` whose outputs, (batch, steps, states), are log likelihoods up to a number at each step.

    y has `STATES`, the states to begin with, and `NUMBER`, that of the training example, of which there are `examples`;
    weights are 0 where a recording has ended. The probabilities of the states are the softmax of the outputs and the
    logarithms of the shares of the states, which are not the network's own but counted: so its outputs can be decoded
    as they are. Before every `realign`th epoch but the first the states are those of the best path through the words
    that are said, `states` each. In evaluation the loss is of the states to begin with.
    """

    losses_named = ("frame_loss",)
    logged = ("accuracy",)
    by_network_alone = False

    def __init__(self, network: keras.Model, examples: int, states: int, realign: int, smoothing: float = 0.0):
        super().__init__(network)
        self.states, self.realign, self.smoothing = states, realign, smoothing
        steps, classes = network.output.shape[1:]
        self.found = self.add_weight(
            shape=(examples, steps), initializer="zeros", dtype="int32", trainable=False, name="alignment"
        )
        self.log_shares = self.add_weight(
            shape=(classes,), initializer="zeros", dtype="float32", trainable=False, name="log_shares"
        )

    def callbacks(self, data):
        self.data = data.train
        return []

    def begin_epoch(self, epoch, seed):
        if epoch % self.realign:
            return
        states = self.data.columns[STATES].values
        if epoch:
            states = self.align(states)
        self.found.assign(states)
        counts = np.bincount(states[states >= 0], minlength=self.log_shares.shape[0]) + 1
        self.log_shares.assign(np.log(counts / counts.sum()))

    def align(self, states: np.ndarray) -> np.ndarray:
        """The forced alignment of all training examples; `states` (n, steps) are those that they began with.

        A recording that is too short for its words keeps these.
        """
        series, words = (self.data.columns[name].values for name in (SERIES, WORDS))
        silence, found = self.log_shares.shape[0] - 1, states.copy()
        for start in range(0, len(series), BATCH):
            scores = np.asarray(self.network.predict_on_batch(series[start : start + BATCH]), "float32")
            for place, score in enumerate(scores, start=start):
                there = states[place] >= 0
                try:
                    chain = hidden_markov.chain(words[place], self.states, silence)
                    found[place, there] = hidden_markov.aligned(score[there], *chain)
                except UsageError:
                    continue
        return found

    def named_losses(self, x, y, outputs, weights, training):
        labels = ops.take(self.found, y[NUMBER], axis=0) if training else y[STATES]
        self._labels = ops.maximum(ops.cast(labels, "int32"), 0)
        logits = ops.cast(outputs, "float32") + self.log_shares
        loss = CrossEntropy(label_smoothing=self.smoothing if training else 0.0)
        return {"frame_loss": weighted_mean(loss.call(self._labels, logits), weights)}

    def measures(self, x, y, outputs, weights):
        return {"accuracy": weighted_mean(hits(self._labels, ops.cast(outputs, "float32") + self.log_shares), weights)}
