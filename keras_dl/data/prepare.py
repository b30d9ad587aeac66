"""Texts as numbers that any network takes: which words are in them."""

from __future__ import annotations

from typing import Annotated, Literal

from keras_dl.data.dataset import Data
from keras_dl.data.spec import Column
from keras_dl.errors import UsageError, choose
from keras_dl.fields import at_least, checked
from keras_dl.lazy import keras, tf


def bag_of_words(data: Data, words: int = 5000, *, pieces: Literal["words", "characters"] = "words") -> Data:
    """`data` of texts as features: which of the `words` most frequent words each text has, 1 or 0.

    `pieces` "characters" takes sequences of three characters instead of words. Which are frequent is counted in the
    training split alone. Raises `UsageError` for data of another kind.
    """
    if checked("data", data, Data).spec.kind != "text":
        raise UsageError(f"{data.spec.name} is {data.spec.kind}; text is wanted")
    words = checked("words", words, Annotated[int, at_least(2)])
    choose("kind of pieces", pieces, ("words", "characters"))
    characters = {"split": "character", "ngrams": (3,)} if pieces == "characters" else {}
    layer = keras.layers.TextVectorization(max_tokens=words, output_mode="multi_hot", **characters)
    layer.adapt(tf.constant(data.train.stored))
    size = layer.vocabulary_size()
    column = Column(kind="features", shape=(size,))
    return data.prepared(column, lambda texts: tf.cast(layer(texts), "float32"))
