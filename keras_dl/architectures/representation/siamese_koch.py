"""A Siamese network: two pictures go through one encoder, and a weighted distance tells whether they are of one class.

Koch, Zemel & Salakhutdinov, "Siamese Neural Networks for One-shot Image Recognition", ICML Deep Learning Workshop 2015,
section 3. Inputs: `image` and `second_image`, (batch, 105, 105, 1) each, pixels 0..255; output: (batch, 1), the logit
that both are of one class.

    name          parameters     encoder  comparison
    siamese_koch  38,951,745  38,947,648       4,097

Two models lie within: `encoder`, from a picture to 4,096 sigmoids, counted once though it is used twice, and
`comparison`, from `first` and `second` features to the logit: the sum of their absolute differences, each by a weight
of its own, and a bias. Convolutions have no border; 2x2 poolings follow the first three. Weights start from He's and
Glorot's distributions, which suit any width; the paper draws them from normal ones, of deviation 0.01 for convolutions
and 0.2 for dense layers. Its biases around 0.5 are kept for the convolutions. Ink, which is black, is 1.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.architectures.vision import ImageReader, pixels
from keras_dl.config import width
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers

KERNELS = (10, 7, 4, 4)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SiameseKoch(ImageReader):
    """Four convolutions, a dense layer, and a distance."""

    task: ClassVar[str] = "verification"
    fixed_size: ClassVar[bool] = True

    input_shape: tuple[Count, Count, Count] = (105, 105, 1)
    pixel_scale: float | tuple[float, ...] = -1 / 255
    pixel_offset: float | tuple[float, ...] = 1.0
    filters: tuple[int, int, int, int] = width((64, 128, 128, 256), low=8, high=256)
    """filters of each convolution"""
    units: int = width(4096, low=32, high=8192)
    """features of a picture"""

    @property
    def smallest_size(self) -> int:
        return 65  # 56, 28, 22, 11, 8, 4 and 1 pixels after the convolutions and the poolings between them


def encoder(config: SiameseKoch) -> keras.Model:
    """(batch, height, width, channels) -> (batch, units)."""
    image, x = pixels(config)
    for number, (filters, kernel) in enumerate(zip(config.filters, KERNELS, strict=True), start=1):
        x = keras.layers.Conv2D(
            filters,
            kernel,
            activation="relu",
            kernel_initializer="he_normal",
            bias_initializer=keras.initializers.Constant(0.5),
            name=f"stage{number}_conv",
        )(x)
        if number < len(KERNELS):
            x = keras.layers.MaxPooling2D(2, name=f"stage{number}_pool")(x)
    x = keras.layers.Flatten(name="stage5_flatten")(x)
    x = keras.layers.Dense(config.units, activation="sigmoid", name="stage5_dense")(x)
    return keras.Model(image, x, name="encoder")


def comparison(config: SiameseKoch) -> keras.Model:
    """Two vectors of features, (batch, units) each -> (batch, 1)."""
    features = {name: keras.Input((config.units,), name=name) for name in ("first", "second")}
    difference = layers.AbsoluteDifference(name="distance")(*features.values())
    return keras.Model(features, keras.layers.Dense(1, name="head")(difference), name="comparison")


def build(config: SiameseKoch) -> keras.Model:
    pictures = {name: keras.Input(config.input_shape, name=name) for name in ("image", "second_image")}
    of_picture = encoder(config)
    first, second = map(of_picture, pictures.values())
    return keras.Model(pictures, comparison(config)({"first": first, "second": second}), name="siamese_koch")


VARIANTS = {"siamese_koch": SiameseKoch()}
