"""Pictures as vectors in the space in which the labels are: those of classes that were never seen among them.

Frome et al., "DeViSE: A Deep Visual-Semantic Embedding Model", NIPS 2013, section 3.3; with attributes in place of
words Lampert, Nickisch & Harmeling, CVPR 2009. Input: `image`, (batch, height, width, channels), pixels 0..255; output:
(batch, classes), where `classes` are the numbers in the vector of a label. What a picture shows is told by the cosine
of its vector with those of labels, by the task zero_shot, which any other network of classes can learn by, too.

    name                       parameters  encoder                                          vectors of labels
    zero_shot_label_embedding     103,552  conv 32, 64 and 128 of 3x3, mean over the place  85 attributes

85 are the attributes of Lampert's fifty animals. The features are brought to the length 1 and mapped by a matrix
without a bias, as in DeViSE, whose encoder is AlexNet, trained for classes before; this one learns from the start.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.fields import Count
from keras_dl.lazy import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class ZeroShotLabelEmbedding(ImageClassifier):
    """A convolutional encoder, and a map into the space of labels."""

    task: ClassVar[str] = "zero_shot"

    input_shape: tuple[Count, Count, Count] = (28, 28, 1)
    classes: int = 85
    filters: tuple[int, ...] = width((32, 64, 128), low=4, high=512)
    """filters of the convolutions; between two of them the sides are halved"""

    @property
    def smallest_size(self) -> int:
        return 2 ** (len(self.filters) - 1)


def build(config: ZeroShotLabelEmbedding) -> keras.Model:
    inputs, x = pixels(config)
    for index, filters in enumerate(config.filters, start=1):
        if index > 1:
            x = keras.layers.MaxPooling2D(2, name=f"stage{index}_pool")(x)
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"stage{index}_conv")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features_mean")(x)
    x = keras.layers.UnitNormalization(name="features")(x)
    return keras.Model(inputs, keras.layers.Dense(config.classes, use_bias=False, name="head")(x), name="zero_shot")


VARIANTS = {"zero_shot_label_embedding": ZeroShotLabelEmbedding()}
PAPERS = {"zero_shot_label_embedding": ("DeViSE: A Deep Visual-Semantic Embedding Model", "2013")}
