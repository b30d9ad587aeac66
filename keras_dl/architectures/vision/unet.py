"""U-Net: a class for every pixel, from a contracting and an expanding path with skip connections between them.

Ronneberger, Fischer & Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015, figure 1.
Input: (batch, 572, 572, 1); output: (batch, 388, 388, classes) logits, those of the pixels 92 and more from the border.

    name  parameters  output
    unet  31,030,658  388x388 of 572x572

With `padding="valid"`, the paper's, convolutions see no border: the output is smaller by 184 pixels, the skipped maps
are cropped to their centre, and sizes are 188 and every 16th from there on. With `padding="same"` the output has the
size of the input, a multiple of 16, and the parameters are the same.

The up-convolution is a learned transposed convolution of 2x2 with biases, not an interpolation. The paper says nothing
of its activation; it is rectified as in the authors' published network, which also has the two dropouts of one half at
the end of the contracting path. Transposed kernels start from He's distribution too, with the fans as Keras counts
them. The paper's loss, weighted towards the borders between cells, is a matter of training.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from keras_dl.architectures.vision import ImageNetwork, pixels
from keras_dl.config import width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Share, up_to
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class UNet(ImageNetwork):
    """A U-Net."""

    task: ClassVar[str] = "segmentation"

    input_shape: tuple[Count, Count, Count] = (572, 572, 1)
    classes: int = 2
    filters: int = width(64, low=4, high=128)
    """filters at full resolution; each halving of it doubles them"""
    levels: Annotated[int, up_to(16)] = 4
    """halvings of the resolution; the sizes that an input may have depend on them"""
    padding: Literal["valid", "same"] = "valid"
    """padding of the 3x3 convolutions: none, or as many zeros as keep the size"""
    dropout: Share = 0.5
    """fraction of activations dropped in the two lowest stages"""

    def check_halving(self) -> None:
        """Raise `UsageError` unless every halving divides the input, whose size the data may still decide."""
        height, width = self.input_shape[:2]
        if (height, width) != (fitting := tuple(self.fitting(size) for size in (height, width))):
            raise UsageError(
                f"input {height}x{width} does not halve {self.levels} times without remainder in a {self.family} with "
                f"padding={self.padding!r}; the nearest that does is {fitting[0]}x{fitting[1]}"
            )

    @property
    def smallest_size(self) -> int:
        step = 2**self.levels
        if self.padding == "same":
            return step
        lowest = 3 if self.levels == 1 else 4  # pixels that the lowest stage must leave for one in the output
        return lowest * step + 4 * (2 * step - 1)

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of the output."""
        border = 0 if self.padding == "same" else 2 * 4 * (2**self.levels - 1) + 4 * 2**self.levels
        height, width = self.input_shape[:2]
        return height - border, width - border

    def fitting(self, size: int) -> int:
        """The nearest size that every halving divides."""
        step = 2**self.levels
        return self.smallest_size + max(0, round((size - self.smallest_size) / step)) * step

    def for_data(self, spec: Spec) -> Self:
        spec.check_pictures()
        if spec.find("mask") is None:
            raise UsageError(
                f"{self.family} needs a class for every pixel, {spec.name} has one for each example; use a network for "
                "classification"
            )
        size = tuple(self.fitting(size) for size in spec.shape[:2])
        return self.replace(input_shape=(*size, spec.shape[2]), classes=spec.classes)


def convolutions(x, config: UNet, filters: int, name: str):
    """(batch, height, width, channels) -> (batch, height - 4, width - 4, filters), or all of them with padding."""
    for index in (1, 2):
        x = keras.layers.Conv2D(
            filters,
            3,
            padding=config.padding,
            activation="relu",
            kernel_initializer="he_normal",
            name=f"{name}_conv{index}",
        )(x)
    return x


def join(x, skipped, filters: int, name: str):
    """(batch, height, width, channels), (batch, >= 2 height, >= 2 width, filters) -> (batch, .., .., 2 filters)."""
    x = keras.layers.Conv2DTranspose(
        filters, 2, strides=2, activation="relu", kernel_initializer="he_normal", name=f"{name}_up"
    )(x)
    rows, columns = ((skipped.shape[axis] - x.shape[axis]) // 2 for axis in (1, 2))
    skipped = keras.layers.Cropping2D((rows, columns), name=f"{name}_crop")(skipped)
    return keras.layers.Concatenate(name=f"{name}_join")([skipped, x])


def build(config: UNet) -> keras.Model:
    config.check_halving()
    inputs, x = pixels(config)
    skipped = []
    for level in range(config.levels + 1):
        if level > 0:
            skipped.append(x)
            x = keras.layers.MaxPooling2D(2, name=f"stage{level + 1}_pool")(x)
        x = convolutions(x, config, config.filters * 2**level, f"stage{level + 1}")
        if config.dropout and level >= config.levels - 1:
            x = keras.layers.Dropout(config.dropout, name=f"stage{level + 1}_dropout")(x)
    for level in reversed(range(config.levels)):
        name, filters = f"stage{2 * config.levels + 1 - level}", config.filters * 2**level
        x = convolutions(join(x, skipped[level], filters, name), config, filters, name)
    outputs = keras.layers.Conv2D(
        config.classes, 1, activation=config.classifier_activation, kernel_initializer="he_normal", name="head"
    )(x)
    return keras.Model(inputs, outputs, name="unet")


VARIANTS = {"unet": UNet()}
