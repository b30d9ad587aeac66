"""Word vectors: a word tells those around it, or they tell it; words that are used alike get like vectors.

Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", NIPS 2013: each pair of a
word and one near it is told from pairs with `negatives` words that are drawn by their counts to the power 3/4; one that
is drawn by chance though it stands there counts nothing. How many words to each side are near is drawn anew for each
word, from 1 to `window`. Frequent words are thinned out, and windows reach over what is gone, as word2vec.c has it, but
at most over `REACH` times their length. A word that tells is drawn for each step as often as it is kept, so that an
epoch has as many of them as the texts have words. In evaluation each word tells once, and what is drawn is the same
each time.

Answers are neighbours: the words of the largest cosine to a sum of words, each of length 1: "king - man + woman".
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Literal

import numpy as np

from keras_dl.data.vocabulary import SPECIAL, Vocabulary
from keras_dl.data.word_windows import WINDOW, kept, word_windows
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Positive
from keras_dl.lazy import keras, tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task

REACH = 3
"""how far windows may reach over words that are gone, in lengths of a window"""
POWER = 0.75
"""of the counts of words that are drawn"""
DRAWN = 150
"""words of the picture, the frequent ones"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class WordVectors(Task):
    """Tell the words around a word, or the word among them."""

    objective = LOSS
    wants = (("text",),)

    context: Literal["skip_gram", "cbow"] = "skip_gram"
    """skip_gram: a word tells each of those around it; cbow: the mean of these tells the word"""
    window: Count = 5
    """words to each side that can be near"""
    negatives: Count = 5
    """words that are drawn for each pair"""
    sample: Positive | None = 1e-3
    """frequency above which words are thinned out; None keeps all"""
    least: Count = 5
    """how often a word must stand in the training texts"""
    neighbours: Count = 10
    """words of an answer"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if not {"inputs", "targets", "vocabulary_size"} <= {field.name for field in dataclasses.fields(config)}:
            raise UsageError(f"{self.name} is for networks such as word2vec_sgns; not {config.family}")
        return word_windows(data, REACH * self.window, self.least, self.sample, like)

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        around, told = 2 * self.window, 1 + self.negatives
        inputs, targets = (1, around * told) if self.context == "skip_gram" else (around, told)
        return config.replace(inputs=inputs, targets=targets), data

    def for_data(self, spec):
        task, counts = copy.copy(self), np.array(spec.columns[WINDOW].counts, "float64")
        ends = np.cumsum(np.where(np.arange(len(counts)) < SPECIAL, 0, counts) ** POWER)
        object.__setattr__(task, "_kept", kept(counts, self.sample).astype("float32"))
        object.__setattr__(task, "_ends", (ends / ends[-1]).astype("float32"))
        return task

    def prepare(self, batch, key):
        windows = tf.cast(batch[WINDOW], "int32")
        key = tf.constant([0, 0], "int64") if key is None else key
        thinning, reaching, drawing = tf.unstack(tf.random.experimental.stateless_split(key, 3))
        count, middle = tf.shape(windows)[0], windows.shape[1] // 2
        word = windows[:, middle, None]
        sides = tf.stack([windows[:, middle - 1 :: -1], windows[:, middle + 1 :]], axis=1)
        stays = tf.random.stateless_uniform(tf.shape(sides), thinning) < tf.gather(self._kept, sides)
        nearest = tf.argsort(tf.cast(~stays, "int32"), axis=-1, stable=True)[..., : self.window]
        reach = tf.random.stateless_uniform([count, 1, 1], reaching, 1, self.window + 1, "int32")
        near = tf.gather(stays, nearest, batch_dims=2) & (tf.range(self.window) < reach)
        around = tf.where(near, tf.gather(sides, nearest, batch_dims=2), 0)
        around = tf.reshape(around, [count, 2 * self.window])
        if self.context == "skip_gram":
            words, right = word, around
        else:
            words, right = around, tf.where(tf.reduce_any(around > 0, axis=1, keepdims=True), word, 0)
        places = tf.random.stateless_uniform([count, right.shape[1], self.negatives], drawing)
        drawn = tf.searchsorted(self._ends, tf.reshape(places, [-1]), side="right")
        drawn = tf.reshape(tf.minimum(drawn, len(self._ends) - 1), tf.shape(places))
        targets = tf.concat([right[..., None], drawn], axis=-1)
        weights = (right > 0)[..., None] & tf.concat([(right > 0)[..., None], drawn != right[..., None]], axis=-1)
        y = tf.broadcast_to(tf.range(1 + self.negatives) == 0, tf.shape(targets))
        size = right.shape[1] * (1 + self.negatives)
        targets, y, weights = (tf.reshape(one, [count, size]) for one in (targets, y, weights))
        x = {"token_ids": words, "target_token_ids": targets}
        return x, tf.cast(y, "float32"), tf.cast(weights, "float32")

    def learner(self, network, config, options):
        from keras_dl.learning.negative_sampling import NegativeSampling

        return NegativeSampling(network)

    def example(self, network, count):
        x, _ = super().example(network, count)
        return x, np.zeros((count, network.output.shape[1]), "float32"), np.ones((count, network.output.shape[1]))

    def answers(self, network, config, inputs, spec):
        vocabulary, vectors = Vocabulary.from_json(spec.columns[WINDOW].vocabulary), unit_vectors(network)
        answers = []
        for signed in inputs[WINDOW].astype("int64"):
            ids = np.abs(signed)
            cosines = vectors @ _direction(np.sign(signed) @ vectors[ids])
            cosines[ids] = cosines[:SPECIAL] = -np.inf
            best = np.argsort(-cosines, kind="stable")[: min(self.neighbours, np.isfinite(cosines).sum())]
            found = zip(vocabulary.decode(best[:, None]), cosines[best].tolist(), strict=True)
            answers.append({"neighbours": {name: round(cosine, 4) for name, cosine in found}})
        return answers

    def draw(self, network, config, split, spec, path):
        from matplotlib.figure import Figure

        from keras_dl.figures import plain, save_figure

        vocabulary, column = Vocabulary.from_json(spec.columns[WINDOW].vocabulary), spec.columns[WINDOW]
        words = SPECIAL + np.argsort(-np.array(column.counts[SPECIAL:]), kind="stable")[:DRAWN]
        vectors = unit_vectors(network)[words]
        _, _, axes_of = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
        places = (vectors - vectors.mean(axis=0)) @ axes_of[:2].T
        figure = Figure(figsize=(10, 8), layout="constrained")
        axes = figure.subplots()
        axes.scatter(*places.T, s=4)
        for name, place in zip(vocabulary.decode(words[:, None]), places, strict=True):
            axes.annotate(plain(name), place, fontsize=8)
        axes.set(title=f"The {len(words)} most frequent words, along the two main axes of their vectors")
        save_figure(figure, path)
        return True


def unit_vectors(network: keras.Model) -> np.ndarray:
    """The vectors of all ids, (vocabulary_size, width), each of length 1."""
    vectors = keras.ops.convert_to_numpy(network.get_layer("embedding").embeddings)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _direction(vector: np.ndarray) -> np.ndarray:
    return vector / max(np.linalg.norm(vector), 1e-12)
