"""Speech recognition: the words of a recording, by a network for the states of words and Viterbi's algorithm.

Hinton et al., "Deep Neural Networks for Acoustic Modeling in Speech Recognition", IEEE Signal Processing Magazine
29(6), 2012. Data are recordings of single words, the classes; in every split they are joined to strings with silences
between. In training the borders of words are known at first, and each word is taken apart into states of equal length;
then the states are found anew by what the network has learned. Answers and scores know no borders.

"word_error_rate" is the share of words that must be put in, left out or changed to make what was decoded right; it can
be above 1. The loss and the accuracy of steps are, in evaluation, of the states of equal length.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Annotated

import numpy as np

from keras_dl.data.utterances import NUMBER, SERIES, STATES, WORDS, utterances
from keras_dl.errors import UsageError
from keras_dl.fields import Count, at_least
from keras_dl.lazy import keras, tf
from keras_dl.learning import hidden_markov
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import BATCH, Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpeechRecognition(Task):
    """Tell the words that are said."""

    objective = Objective("word_error_rate", "min")
    scored_each_epoch = True
    wants = (("audio",), ("class",))

    words: Count = 5
    """recordings that are joined to a string"""
    states: Annotated[int, at_least(2)] = 8
    """states of a word, each of one step of 10 ms or more"""
    realign: Count = 1
    """epochs after which the states are found anew"""

    def encoded(self, config, data, like=None):
        if not {"series", "frames"} <= {field.name for field in dataclasses.fields(config)}:
            raise UsageError(f"{self.name} is for networks of frames, such as speech_dnn_hmm; not {config.family}")
        return utterances(super().encoded(config, data), self.words, self.states, like)

    def for_data(self, spec):
        task = copy.copy(self)
        object.__setattr__(task, "_examples", spec.counts["train"])
        return task

    def inputs(self, batch):
        return {SERIES: batch[SERIES]}

    def prepare(self, batch, key):
        y = {STATES: batch[STATES], NUMBER: batch[NUMBER]}
        return self.inputs(batch), y, tf.cast(batch[STATES] >= 0, "float32")

    def learner(self, network, config, options):
        from keras_dl.learning.aligned import Aligned

        return Aligned(network, self._examples, self.states, self.realign, options.label_smoothing)

    def example(self, network, count):
        x, y = super().example(network, count)
        return x, {STATES: y, NUMBER: np.zeros(count, "int64")}, np.ones(y.shape, "float32")

    def scores(self, network, config, split, spec):
        series, states, words = (split.columns[name].values for name in (SERIES, STATES, WORDS))
        told = self._decoded(network, config, series, np.count_nonzero(states >= 0, axis=1))
        wrong = sum(map(hidden_markov.errors, told, words.tolist()))
        return {"word_error_rate": wrong / words.size}

    def answers(self, network, config, inputs, spec):
        series, names = inputs[SERIES], spec.columns[WORDS].class_names
        told = self._decoded(network, config, series, np.full(len(series), series.shape[1]))
        return [{"text": " ".join(names[word] for word in words)} for words in told]

    def _decoded(self, network: keras.Model, config, series: np.ndarray, lengths: np.ndarray) -> list[list[int]]:
        """The words of each of `series` (n, any steps, bands), of which the first `lengths` (n,) steps count."""
        network = fitting(network, config, series.shape[1])
        told, words = [], (network.output.shape[-1] - 1) // self.states
        for start in range(0, len(series), BATCH):
            scores = np.asarray(network.predict_on_batch(series[start : start + BATCH]), "float64")
            for score, length in zip(scores, lengths[start : start + BATCH], strict=True):
                told.append(hidden_markov.decoded(score[:length], words, self.states))
        return told

    def draw(self, network, config, split, spec, path):
        from matplotlib.figure import Figure

        from keras_dl.figures import plain, save_figure

        [series], [states], [words] = (split.columns[name].values[:1] for name in (SERIES, STATES, WORDS))
        length, names = np.count_nonzero(states >= 0), spec.columns[WORDS].class_names
        scores = np.asarray(network.predict_on_batch(series[None]))[0, :length]
        parts = hidden_markov.chain(words, self.states, scores.shape[-1] - 1)
        found = hidden_markov.aligned(scores, *parts)
        told = hidden_markov.decoded(scores, len(names), self.states)
        figure = Figure(figsize=(11, 5), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        above.imshow(series[:length].T, origin="lower", aspect="auto", cmap="magma")
        said, heard = (plain(" ".join(names[word] for word in string)) for string in (words, told))
        above.set(ylabel="band", title=f"said: {said}; heard: {heard}")
        below.plot(states[:length], label="parts of equal length")
        below.plot(found, label="best path")
        below.set(ylabel="state", xlabel="step of 10 ms")
        below.legend()
        save_figure(figure, path)
        return True


def fitting(network: keras.Model, config, steps: int) -> keras.Model:
    """`network`, or one with its weights for series of so many `steps`."""
    if network.input.shape[1] == steps:
        return network
    other = config.replace(series=(steps, config.series[1])).build()
    other.set_weights(network.get_weights())
    return other
