"""Networks for images, that classify them or their pixels: pixels with values 0..255 in, logits out.

All of them take (batch, height, width, channels) and normalise the pixels themselves, in their first layer.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageReader(Config):
    """What all networks that read images declare. A family changes the defaults and adds its own fields."""

    fixed_size: ClassVar[bool] = False
    """whether the weights depend on the height and width, so that data are resized to them"""

    input_shape: tuple[Count, Count, Count] = (224, 224, 3)
    """height, width and channels of an image"""
    pixel_scale: float | tuple[float, ...] = 1 / 127.5
    """factor on the pixel values 0..255: one number, or one a channel"""
    pixel_offset: float | tuple[float, ...] = -1.0
    """added to the scaled pixel values: one number, or one a channel; other channels than these get their mean"""

    def __post_init__(self):
        super().__post_init__()
        height, width = self.input_shape[:2]
        if min(height, width) < self.smallest_size:
            raise UsageError(
                f"input {height}x{width} is too small for this {self.family}; "
                f"use at least {self.smallest_size}x{self.smallest_size}"
            )

    @property
    def smallest_size(self) -> int:
        """The smallest height and width, in pixels, that every stride and window of the network fits into."""
        return 1

    @property
    def follows_data(self) -> tuple[str, ...]:
        return tuple(name for name in super().follows_data if not (self.fixed_size and name == "input_shape"))

    def for_data(self, spec: Spec) -> Self:
        """A copy for pictures of `spec`: of their size, unless it is fixed, and their channels.

        Raises `UsageError` for data without pictures, or of another size than was asked for.
        """
        spec.check_numbers(self.family)
        if spec.kind != "image":
            raise UsageError(f"{self.family} takes images, {spec.name} has {spec.shape[0]} features; use mlp")
        if self.fixed_size:
            spec.check_size(self.input_shape, self.family)
        size = self.input_shape[:2] if self.fixed_size else spec.shape[:2]
        return self.replace(input_shape=(*size, spec.shape[2]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageNetwork(ImageReader):
    """A network that names classes, of images or their pixels."""

    classes: int = 1000
    """number of outputs"""
    classifier_activation: Literal["softmax", "sigmoid", "tanh"] | None = None
    """activation of the output; None returns logits"""

    def __post_init__(self):
        super().__post_init__()
        if self.classes < 2:
            raise UsageError(f"classes must be at least 2, got {self.classes}; a yes-or-no question has 2 classes")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageClassifier(ImageNetwork):
    """A network that gives one answer for an image."""

    task: ClassVar[str] = "classification"

    def for_data(self, spec: Spec) -> Self:
        return super().for_data(spec).replace(classes=spec.outputs or self.classes)


CAFFE = {"pixel_scale": 1.0, "pixel_offset": (-123.68, -116.779, -103.939)}
"""minus ImageNet's mean, as Caffe's networks and keras.applications' VGG and ResNet want it; in RGB here"""
TORCH = {
    "pixel_scale": (1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)),
    "pixel_offset": (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
}
"""minus ImageNet's mean, divided by its standard deviation, as torchvision and timm do"""


def pixels(config: ImageReader):
    """The input and the normalised pixels: (batch, height, width, channels) each."""
    inputs = keras.Input(config.input_shape, name="image")
    scale, offset = (_for_channels(value, inputs.shape[-1]) for value in (config.pixel_scale, config.pixel_offset))
    return inputs, keras.layers.Rescaling(scale, offset, name="normalization")(inputs)


def _for_channels(value: float | tuple[float, ...], channels: int) -> float | tuple[float, ...]:
    """`value` if it fits an image of so many channels, the mean of its numbers if it does not."""
    if isinstance(value, float) or len(value) == channels:
        return value
    return sum(value) / len(value)
