"""LeNet as it is used today: blocks of convolutions, ReLU and max pooling, then dense layers.

After LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 86(11),
1998; sizes of the first variant from Zhang, Lipton, Li & Smola, "Dive into Deep Learning", section 7.6, of the second
from Caffe's MNIST example (Jia et al., "Caffe", ACM Multimedia 2014).
Input: (batch, 28, 28, 1); output: (batch, 10) logits.

    name           parameters  filters  units
    lenet5_modern      61,706  6-16     120-84
    lenet_like        431,080  20-50    500

`lenet5_modern` differs from the network of 1998 in full connections from the first maps to the second, pooling
without weights and a linear output; the book pools by averages after sigmoids, most code since by maxima after ReLU,
as here. Its first convolution keeps the size of 28x28, which is the paper's margin of two pixels around the digit.
Caffe's network has no ReLU after its convolutions; here every convolution has one.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras

KERNEL_SIZE = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeNet(ImageClassifier):
    """[(convolution, ReLU) x N, max pooling] for each of `filters`, then dense layers."""

    fixed_size: ClassVar[bool] = True

    input_shape: tuple[Count, Count, Count] = (28, 28, 1)
    classes: int = 10
    pixel_scale: float = 1 / 255
    pixel_offset: float = 0.0
    filters: tuple[int, ...] = width((20, 50), low=4, high=128)
    """filters of each block"""
    convolutions: int = depth(1, low=1, high=4)
    """convolutions in each block"""
    padding: tuple[Literal["valid", "same"], ...] = ("valid", "valid")
    """padding of each block's first convolution; its others keep the size"""
    units: tuple[int, ...] = width((500,), low=16, high=1024)
    """units of the dense hidden layers"""

    def __post_init__(self):
        super().__post_init__()
        if len(self.padding) != len(self.filters):
            raise UsageError(
                f"padding must have a word for each of the {len(self.filters)} blocks, got {len(self.padding)}"
            )

    @property
    def smallest_size(self) -> int:
        size = 1
        for padding in reversed(self.padding):
            size = 2 * size + (KERNEL_SIZE - 1 if padding == "valid" else 0)
        return size


def block(x, filters: int, convolutions: int, padding: str, name: str):
    """(batch, height, width, channels) -> (batch, height / 2, width / 2, filters), less 2 if padding is "valid"."""
    for index in range(1, convolutions + 1):
        x = keras.layers.Conv2D(
            filters,
            KERNEL_SIZE,
            padding=padding if index == 1 else "same",
            activation="relu",
            kernel_initializer="he_uniform",
            name=f"{name}_conv{index}",
        )(x)
    return keras.layers.MaxPooling2D(name=f"{name}_pool")(x)


def build(config: LeNet) -> keras.Model:
    inputs, x = pixels(config)
    for index, (filters, padding) in enumerate(zip(config.filters, config.padding, strict=True), start=1):
        x = block(x, filters, config.convolutions, padding, f"stage{index}")
    x = keras.layers.Flatten(name="flatten")(x)
    for index, units in enumerate(config.units, start=len(config.filters) + 1):
        x = keras.layers.Dense(units, activation="relu", kernel_initializer="he_uniform", name=f"stage{index}_dense")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="lenet")


VARIANTS = {
    "lenet5_modern": LeNet(filters=(6, 16), padding=("same", "valid"), units=(120, 84)),
    "lenet_like": LeNet(),
}
