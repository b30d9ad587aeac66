"""The embedding of prototypical networks: four blocks of a convolution, known as Conv-4.

Snell, Swersky & Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017, section 3.1; the blocks are those
of Vinyals et al., "Matching Networks for One Shot Learning", NeurIPS 2016. Input: `image`, (batch, 28, 28, 1), pixels
0..255; output: (batch, 64), features whose squared distances tell classes apart. There is no head: a class is the mean
of the features of a few examples, whether it was in the training or not.

    name              parameters  trainable  input     features
    prototypical_net     112,448    111,936  28x28x1         64

The others are statistics of batch normalisation. A block is a 3x3 convolution, batch normalisation, a rectifier and a
2x2 pooling that leaves out the last row and column of odd maps. Pictures of 84x84x3, miniImageNet's, make 1,600
features with 113,088 trained weights; Omniglot's are brought to 28x28 in the paper. As there ink, which is black, is 1
and paper 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from keras_dl.architectures.vision import ImageReader, pixels
from keras_dl.config import width
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conv4(ImageReader):
    """Blocks of a convolution and a pooling."""

    task: ClassVar[str] = "prototypical"
    fixed_size: ClassVar[bool] = True
    training: ClassVar[Mapping[str, Any]] = {"batch_size": 360}
    """60 classes of one example that is known and five that are told"""

    input_shape: tuple[Count, Count, Count] = (28, 28, 1)
    pixel_scale: float | tuple[float, ...] = -1 / 255
    pixel_offset: float | tuple[float, ...] = 1.0
    filters: int = width(64, low=8, high=256)
    """filters of each convolution"""
    blocks: Count = 4
    """convolutions, each of which halves the map"""

    @property
    def smallest_size(self) -> int:
        return 2**self.blocks


def embedding(config: Conv4):
    """The input and the features, (batch, features)."""
    inputs, x = pixels(config)
    for number in range(1, config.blocks + 1):
        name = f"stage{number}"
        x = keras.layers.Conv2D(config.filters, 3, padding="same", name=f"{name}_conv")(x)
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
        x = keras.layers.ReLU(name=f"{name}_relu")(x)
        x = keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    return inputs, keras.layers.Flatten(name="embedding")(x)


def build(config: Conv4) -> keras.Model:
    return keras.Model(*embedding(config), name="prototypical_net")


VARIANTS = {"prototypical_net": Conv4()}
