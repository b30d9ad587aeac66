"""Five-layer CNN of the study of deep double descent: four convolutions k, 2k, 4k and 8k wide, on CIFAR-10.

Nakkiran, Kaplun, Bansal, Yang, Barak & Sutskever, "Deep Double Descent: Where Bigger Models and More Data Hurt",
ICLR 2020, section 5 and appendix B.
Input: (batch, 32, 32, 3) or any size from 4x4 up; output: (batch, classes) logits.

    name           parameters  trainable   k
    nakkiran_cnn5   1,559,946  1,558,026  64

The paper gives the widths and the windows of the max pools, 1, 2, 2 and 8 pixels. That the 3x3 convolutions have biases
and batch normalisation before the rectification is in the authors' code (models/mcnn.py), whose constants are those of
PyTorch: momentum 0.9 in Keras's terms, epsilon 1e-5. The last pool leaves one pixel of 32x32; it is built as the
maximum over all pixels, so that other sizes fit. The study varies k from 1 to 64 at 10 to 20 % of wrong labels and
trains to the end: early stopping hides the second descent.
"""

from __future__ import annotations

import dataclasses

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class CNN5(ImageClassifier):
    """Four convolutions, pools between them, and a dense layer."""

    input_shape: tuple[Count, Count, Count] = (32, 32, 3)
    classes: int = 10
    k: int = width(64, low=4, high=128)
    """filters of the first convolution; each further one has twice as many"""

    @property
    def smallest_size(self) -> int:
        return 4


def convolution(x, filters: int, name: str):
    """(batch, height, width, channels) -> (batch, height, width, filters)."""
    x = keras.layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return keras.layers.Activation("relu", name=f"{name}_relu")(x)


def build(config: CNN5) -> keras.Model:
    inputs, x = pixels(config)
    x = convolution(x, config.k, "stage1")
    x = convolution(x, 2 * config.k, "stage2")
    x = keras.layers.MaxPooling2D(2, name="stage2_pool")(x)
    x = convolution(x, 4 * config.k, "stage3")
    x = keras.layers.MaxPooling2D(2, name="stage3_pool")(x)
    x = convolution(x, 8 * config.k, "stage4")
    x = keras.layers.GlobalMaxPooling2D(name="head_pool")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="nakkiran_cnn5")


VARIANTS = {"nakkiran_cnn5": CNN5()}
