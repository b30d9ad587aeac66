"""DeepFace: two convolutions, three locally connected layers and two dense ones that name the person on a picture.

Taigman, Yang, Ranzato & Wolf, "DeepFace: Closing the Gap to Human-Level Performance in Face Verification", CVPR 2014,
section 3.
Input: (batch, 152, 152, 3) aligned faces; output: (batch, classes) logits, one an identity.

    name       parameters  layers                                                  maps
    deepface  118,923,774  C1 32x11x11, M2 3x3/2, C3 16x9x9, L4 16x9x9, L5 16x7x7  142, 71, 63, 55, 25, 21 pixels
                           /2, L6 16x5x5, F7 4096, F8 4030

The paper speaks of more than 120 million parameters; its layers have 118.9 million, over 99.9 % of them in the locally
connected and the dense layers. 71 pixels behind the pool M2 need a border on it, which the paper does not mention.
Every unit of a locally connected layer has its own bias. Dropout is on F7 only.

Weights start from He's distribution, which suits any width; the paper draws them from a normal distribution with a
deviation of 0.01. Its biases of 0.5 are kept, the classifier's apart. Pixels are scaled to -1..1; the paper's own scale
is not stated.

For faces of people it was not trained on, `representation` gives the network of section 3.3: F7, divided by the largest
value that each unit has on the training pictures (0.05 at least), scaled to length 1.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

from keras_dl import surgery
from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeepFace(ImageClassifier):
    """Five stages of maps and one of a dense layer, in front of the classifier."""

    fixed_size: ClassVar[bool] = True

    input_shape: tuple[Count, Count, Count] = (152, 152, 3)
    classes: int = 4030
    filters: tuple[int, int, int, int, int] = width((32, 16, 16, 16, 16), low=8, high=64)
    """filters of C1, C3, L4, L5 and L6"""
    units: int = width(4096, low=64, high=8192)
    """units of F7"""
    dropout: Share = 0.5
    """rate of dropout after F7"""

    @property
    def smallest_size(self) -> int:
        return 71  # 61, 31, 23, 15, 5 and 1 pixels after C1, M2, C3, L4, L5 and L6


def build(config: DeepFace) -> keras.Model:
    inputs, x = pixels(config)
    c1, c3, l4, l5, l6 = config.filters
    relu = {
        "activation": "relu",
        "kernel_initializer": "he_normal",
        "bias_initializer": keras.initializers.Constant(0.5),
    }
    x = keras.layers.Conv2D(c1, 11, **relu, name="stage1_conv")(x)
    x = keras.layers.MaxPooling2D(3, 2, "same", name="stage1_pool")(x)
    x = keras.layers.Conv2D(c3, 9, **relu, name="stage2_conv")(x)
    x = layers.LocallyConnected2D(l4, 9, **relu, name="stage3_local")(x)
    x = layers.LocallyConnected2D(l5, 7, strides=2, **relu, name="stage4_local")(x)
    x = layers.LocallyConnected2D(l6, 5, **relu, name="stage5_local")(x)
    x = keras.layers.Flatten(name="stage6_flatten")(x)
    x = keras.layers.Dense(config.units, **relu, name="stage6_dense")(x)
    x = keras.layers.Dropout(config.dropout, name="head_dropout")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="deepface")


def representation(model: keras.Model, batches: Iterable) -> keras.Model:
    """The trained `model` as a network from faces to vectors of length 1, whose inner products tell their likeness.

    `batches` are the training pictures, (batch, height, width, channels) each.
    """
    import numpy as np

    f7 = surgery.embedding(model)
    largest = np.max([f7.predict_on_batch(batch).max(axis=0) for batch in batches], axis=0)
    x = keras.layers.Rescaling((1 / np.maximum(largest, 0.05)).tolist(), name="representation_scale")(f7.output)
    x = keras.layers.UnitNormalization(name="representation_length")(x)
    return keras.Model(model.input, x, name=f"{model.name}_representation")


VARIANTS = {"deepface": DeepFace()}
