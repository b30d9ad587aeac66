"""The smallest convolutional classifier: one convolution, ReLU, the average over the image, one dense layer.

MIT 6.7960 Deep Learning, lecture on convolutional networks, Fall 2024.
Input: (batch, height, width, 1) of any size from the kernel's up; output: (batch, 10) logits.

    name             parameters  filters  kernel
    minimal_cnn_gap         170        8  3x3

C filters of k x k pixels and K classes make C (k^2 + 1) + (C + 1) K parameters. As on the slide, probabilities are
softmax(-temperature * z) of the dense layer's outputs z: a low z means a likely class. The logits returned are
-temperature * z, so that the highest wins, as everywhere. The slide's code calls layers as if they were functions;
its formulas are followed.
"""

from __future__ import annotations

import dataclasses

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.fields import Count, Positive
from keras_dl.lazy import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class MinimalCNN(ImageClassifier):
    """Convolution, ReLU, global average, dense."""

    input_shape: tuple[Count, Count, Count] = (28, 28, 1)
    classes: int = 10
    filters: int = width(8, low=2, high=128)
    """filters of the convolution, the slide's C"""
    kernel_size: Count = 3
    """side of the convolution's kernel, in pixels, the slide's k"""
    temperature: Positive = 1.0
    """factor on minus the dense layer's outputs, the slide's tau"""

    def __post_init__(self):
        super().__post_init__()

    @property
    def smallest_size(self) -> int:
        return self.kernel_size


def build(config: MinimalCNN) -> keras.Model:
    inputs, x = pixels(config)
    x = keras.layers.Conv2D(config.filters, config.kernel_size, activation="relu", name="stage1_conv")(x)
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(x)
    z = keras.layers.Dense(config.classes, name="head")(x)
    outputs = keras.layers.Rescaling(-config.temperature, name="head_temperature")(z)
    if config.classifier_activation:
        outputs = keras.layers.Activation(config.classifier_activation, name="head_activation")(outputs)
    return keras.Model(inputs, outputs, name="minimal_cnn_gap")


VARIANTS = {"minimal_cnn_gap": MinimalCNN()}
PAPERS = {"minimal_cnn_gap": ("MIT 6.7960 Deep Learning, lecture on convolutional networks", "2024")}
