"""Convolutions over the words of a sentence, and of each map its largest value.

Kim, "Convolutional Neural Networks for Sentence Classification", EMNLP 2014, sections 2 and 3; the form CNN-rand, whose
word vectors start at random. Input: `token_ids`, (batch, 56), padded by 0; output: (batch, classes) logits.

    name     parameters  windows  maps
    kim_cnn   5,990,702  3, 4, 5   100

Of these 5,629,800 are vectors of the 18,765 words of the movie reviews and of the pad, which is the zero vector. As in
the author's code there are so many pads around a sentence that each word meets all places of the widest window.

The paper bounds the vector into each output by 3 while training drops half of the features and leaves the others as
they are, and halves the vectors afterwards. Here dropout enlarges the features that it leaves and the vectors stay, so
that the same bound is half of it: `max_norm` times the share that is kept. The bound is Keras's constraint, applied
after each step. The author's head starts at zero; here it starts from Glorot's distribution, so that all weights learn
from the first step on.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar

from keras_dl.config import Config, width
from keras_dl.fields import Count, Counts, Positive, Share, at_least
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class KimCNN(Config):
    """A network of one layer of convolutions for sentences."""

    task: ClassVar[str] = "classification"

    vocabulary_size: Annotated[int, at_least(2)] = 18766
    """words that there are, and the pad; ids are below it"""
    length: Count = 56
    """words of a sentence, pads included"""
    classes: Annotated[int, at_least(2)] = 2
    """number of outputs"""
    embedding_width: int = width(300, low=16, high=512)
    """numbers in the vector of a word"""
    windows: Counts = (3, 4, 5)
    """words that a convolution sees at once"""
    maps: int = width(100, low=8, high=600)
    """maps of each window"""
    dropout: Share = 0.5
    """fraction of the features that is dropped before the head"""
    max_norm: Positive = 3.0
    """bound of the length of the vector into each output, in the paper's form of dropout"""


def uniform(bound: float):
    """A fresh initializer for each kernel: one instance gives the same numbers again."""
    return keras.initializers.RandomUniform(-bound, bound)


def build(config: KimCNN) -> keras.Model:
    token_ids = keras.Input((config.length,), dtype="int32", name="token_ids")
    words = layers.PaddedEmbedding(
        config.vocabulary_size, config.embedding_width, embeddings_initializer=uniform(0.25), name="embedding"
    )(token_ids)
    words = keras.layers.ZeroPadding1D(max(config.windows) - 1, name="embedding_padding")(words)
    features = []
    for index, window in enumerate(config.windows, start=1):
        x = keras.layers.Conv1D(
            config.maps, window, activation="relu", kernel_initializer=uniform(0.01), name=f"stage1_window{index}"
        )(words)
        features.append(keras.layers.GlobalMaxPooling1D(name=f"stage1_largest{index}")(x))
    x = keras.layers.Concatenate(name="stage1_join")(features) if len(features) > 1 else features[0]
    x = keras.layers.Dropout(config.dropout, name="head_dropout")(x)
    bound = keras.constraints.MaxNorm(config.max_norm * (1 - config.dropout), axis=0)
    logits = keras.layers.Dense(config.classes, kernel_constraint=bound, name="head")(x)
    return keras.Model(token_ids, logits, name="kim_cnn")


VARIANTS = {"kim_cnn": KimCNN()}
