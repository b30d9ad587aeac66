"""Word vectors that tell which words stand near each other.

Mikolov, Sutskever, Chen, Corrado & Dean, "Distributed Representations of Words and Phrases and their Compositionality",
NIPS 2013, section 2.2: skip-gram with negative sampling; CBOW is of Mikolov et al., "Efficient Estimation of Word
Representations in Vector Space", arXiv:1301.3781. Inputs: `token_ids`, (batch, inputs) whole numbers, the words that
tell, 0 where there is none: one for the skip-gram, all around for CBOW, of which the mean tells; `target_token_ids`,
(batch, targets). Output: (batch, targets) logits that a target is a word that really stands there.

    name           parameters   words  width
    word2vec_sgns  28,516,400  71,291    200

The words are those of text8 that occur five times or more, with the end of a sentence as word2vec.c counts it. The
layer `embedding` has the vectors that are used afterwards, `head` those of words as targets. Both begin at random, of
-1 / (2 width) to 1 / (2 width); in word2vec.c `head` begins at 0, so that the first step changes it alone.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar

from keras_dl import config as settings
from keras_dl.config import Config
from keras_dl.fields import Count, at_least
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Word2Vec(Config):
    """Two tables of word vectors."""

    task: ClassVar[str] = "word_vectors"

    vocabulary_size: Annotated[int, at_least(2)] = 71_291
    """words that there are; ids are below it"""
    width: int = settings.width(200, low=16, high=1000)
    """numbers in the vector of a word"""
    inputs: Count = 1
    """words whose mean tells; its task says how many"""
    targets: Count = 60
    """words that are told from others at once; its task says how many"""


def table(config: Word2Vec, name: str) -> keras.layers.Layer:
    start = keras.initializers.RandomUniform(-0.5 / config.width, 0.5 / config.width)
    return keras.layers.Embedding(config.vocabulary_size, config.width, embeddings_initializer=start, name=name)


def build(config: Word2Vec) -> keras.Model:
    words = keras.Input((config.inputs,), dtype="int32", name="token_ids")
    targets = keras.Input((config.targets,), dtype="int32", name="target_token_ids")
    vectors = table(config, "embedding")(words)
    scores = layers.WordScores(name="scores")([words, vectors, table(config, "head")(targets)])
    return keras.Model({"token_ids": words, "target_token_ids": targets}, scores, name="word2vec")


VARIANTS = {"word2vec_sgns": Word2Vec()}
