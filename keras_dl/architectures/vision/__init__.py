"""Networks that classify images: pixels with values 0..255 in, logits out.

All of them take (batch, height, width, channels) and normalise the pixels themselves, in their first layer.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageClassifier(Config):
    """What all image classifiers declare. A family changes the defaults and adds its own fields."""

    task: ClassVar[str] = "classification"
    fixed_size: ClassVar[bool] = False
    """whether the weights depend on the height and width, so that data are resized to them"""

    input_shape: tuple[int, int, int] = (224, 224, 3)
    """height, width and channels of an image"""
    classes: int = 1000
    """number of outputs"""
    classifier_activation: Literal["softmax", "sigmoid", "tanh"] | None = None
    """activation of the output; None returns logits"""
    pixel_scale: float = 1 / 127.5
    """factor on the pixel values 0..255"""
    pixel_offset: float = -1.0
    """added to the scaled pixel values"""

    def __post_init__(self):
        super().__post_init__()
        height, width, channels = self.input_shape
        if min(height, width) < 1:
            raise UsageError(f"input height and width must be at least 1, got {height}x{width}")
        if channels < 1:
            raise UsageError(f"input channels must be at least 1, got {channels}")
        if self.classes < 2:
            raise UsageError(f"classes must be at least 2, got {self.classes}; a yes-or-no question has 2 classes")
        if min(height, width) < self.smallest_size:
            raise UsageError(
                f"input {height}x{width} is too small for this {self.family}; "
                f"use at least {self.smallest_size}x{self.smallest_size}"
            )

    @property
    def smallest_size(self) -> int:
        """The smallest height and width, in pixels, that every stride and window of the network fits into."""
        return 1

    def for_data(self, spec: Spec) -> Self:
        if spec.kind != "image":
            raise UsageError(f"{self.family} takes images, {spec.name} has {spec.shape[0]} features; use mlp")
        size = self.input_shape[:2] if self.fixed_size else spec.shape[:2]
        return self.replace(input_shape=(*size, spec.shape[2]), classes=spec.classes)


def pixels(config: ImageClassifier):
    """The input and the normalised pixels: (batch, height, width, channels) each."""
    inputs = keras.Input(config.input_shape, name="image")
    return inputs, keras.layers.Rescaling(config.pixel_scale, config.pixel_offset, name="normalization")(inputs)
