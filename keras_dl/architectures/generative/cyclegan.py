"""CycleGAN: two generators that translate pictures of one kind into another and back, and a discriminator of each kind.

Zhu, Park, Isola & Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017,
section 4 and the appendix. Input: a dict of `image_a` and `image_b`, pictures of the two kinds, (batch, height, width,
channels), pixels 0..255; output: a dict of `image_b` and `image_a`, what they have become in the other kind, and of
`real_b` and `real_a`, (batch, rows, columns, 1), the scores by which the discriminators take the patches of these for
real, 1, or made, 0.

    name      parameters  a generator  a discriminator
    cyclegan  28,285,832   11,378,179        2,764,737

Four models lie within: `generator_ab` from kind A to kind B, `generator_ba` back, and `discriminator_a` and
`discriminator_b`. All take pixels 0..255 and make -1..1 of them; a generator ends in a tanh, whose -1..1 become pixels.

The paper takes 6 residual blocks for 128x128 pixels, 7,837,699 parameters, and 9 for 256x256. Its generators, of
Johnson et al. 2016, have 7x7 convolutions at both ends and 3x3 ones between, with borders mirrored where no resolution
changes; a patch of a discriminator is of 70x70 pixels where it halves three times. As in the authors' code, each
normalisation of a map (epsilon 1e-5) has no weights, convolutions before it keep their biases, kernels start from
N(0, .02), and borders are those of torch, where a halving begins half a pixel before that of "same".

The sides of pictures are multiples of 4; data of other sizes are brought to the nearest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from keras_dl.config import Config, depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec

UNIT = 4
"""what the sides of pictures are multiples of"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CycleGAN(Config):
    """Two generators of residual blocks and two discriminators of patches."""

    task: ClassVar[str] = "cycle_consistency"
    training: ClassVar[Mapping[str, Any]] = {"learning_rate": 2e-4, "batch_size": 2}

    input_shape: tuple[Count, Count, Count] = (256, 256, 3)
    """height, width and channels of a picture"""
    filters: int = width(64, low=4, high=128)
    """filters at full resolution in a generator, and in the first layer of a discriminator"""
    blocks: int = depth(9, low=1, high=12)
    """residual blocks of a generator"""
    halvings: Count = 3
    """how often a discriminator halves a picture; each makes its patches larger, 70x70 pixels at 3"""

    def __post_init__(self):
        super().__post_init__()
        height, width, _ = self.input_shape
        least = UNIT * -(-self.smallest_size // UNIT)
        if height % UNIT or width % UNIT or min(height, width) < least:
            raise UsageError(
                f"input {height}x{width} does not fit a {self.family} of {self.halvings} halvings, whose sides are "
                f"multiples of {UNIT}; use at least {least}x{least}"
            )

    @property
    def smallest_size(self) -> int:
        """The side of the smallest picture of which a discriminator has a patch."""
        return max(2 * UNIT, 3 * 2**self.halvings)

    def for_data(self, spec: Spec) -> Self:
        spec.check_pictures()
        *size, channels = spec.shape
        shape = (*(UNIT * max(1, round(side / UNIT)) for side in size), channels)
        spec.check_size(shape, self.family)
        return self.replace(input_shape=shape)


def normal():
    """A fresh initializer for each kernel: one instance gives the same numbers again."""
    return keras.initializers.RandomNormal(stddev=0.02)


def convolution(x, filters: int, window: int, name: str, strides: int = 1):
    """(batch, height, width, any) -> (batch, .., .., filters), without a border."""
    return keras.layers.Conv2D(filters, window, strides, kernel_initializer=normal(), name=name)(x)


def mirrored(x, filters: int, window: int, name: str):
    """(batch, height, width, any) -> (batch, height, width, filters), the border mirrored."""
    x = layers.ReflectionPadding2D(window // 2, name=f"{name}_border")(x)
    return convolution(x, filters, window, f"{name}_conv")


def normalized(x, name: str):
    """(batch, height, width, filters) -> the same: each map of each picture has mean 0 and variance 1."""
    return keras.layers.GroupNormalization(-1, epsilon=1e-5, center=False, scale=False, name=f"{name}_norm")(x)


def rectified(x, name: str):
    """Normalized maps, rectified."""
    return keras.layers.ReLU(name=f"{name}_activation")(normalized(x, name))


def halved(x, filters: int, name: str):
    """(batch, height, width, any) -> (batch, height / 2, width / 2, filters)."""
    x = keras.layers.ZeroPadding2D(1, name=f"{name}_border")(x)
    return rectified(convolution(x, filters, 3, f"{name}_conv", strides=2), name)


def doubled(x, filters: int, name: str):
    """(batch, height, width, any) -> (batch, 2 * height, 2 * width, filters)."""
    x = keras.layers.Conv2DTranspose(filters, 3, 2, "valid", kernel_initializer=normal(), name=f"{name}_deconv")(x)
    return rectified(keras.layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_crop")(x), name)


def block(x, filters: int, name: str):
    """(batch, height, width, filters) -> the same: two convolutions, added to what they take."""
    y = rectified(mirrored(x, filters, 3, f"{name}_1"), f"{name}_1")
    y = normalized(mirrored(y, filters, 3, f"{name}_2"), f"{name}_2")
    return keras.layers.Add(name=f"{name}_add")([x, y])


def generator(config: CycleGAN, name: str) -> keras.Model:
    """(batch, height, width, channels) -> the same shape."""
    image, filters = keras.Input(config.input_shape, name="image"), config.filters
    x = keras.layers.Rescaling(1 / 127.5, -1.0, name=f"{name}_scaling")(image)
    x = rectified(mirrored(x, filters, 7, f"{name}_stem"), f"{name}_stem")
    x = halved(x, 2 * filters, f"{name}_down1")
    x = halved(x, 4 * filters, f"{name}_down2")
    for index in range(1, config.blocks + 1):
        x = block(x, 4 * filters, f"{name}_block{index}")
    x = doubled(x, 2 * filters, f"{name}_up1")
    x = doubled(x, filters, f"{name}_up2")
    x = mirrored(x, config.input_shape[2], 7, f"{name}_head")
    x = keras.layers.Activation("tanh", name=f"{name}_head_activation")(x)
    return keras.Model(image, keras.layers.Rescaling(127.5, 127.5, name=f"{name}_pixels")(x), name=name)


def discriminator(config: CycleGAN, name: str) -> keras.Model:
    """(batch, height, width, channels) -> (batch, rows, columns, 1)."""
    image = keras.Input(config.input_shape, name="image")
    x = keras.layers.Rescaling(1 / 127.5, -1.0, name=f"{name}_scaling")(image)
    for stage in range(1, config.halvings + 2):
        steps, filters = (2 if stage <= config.halvings else 1), config.filters * min(2 ** (stage - 1), 8)
        x = keras.layers.ZeroPadding2D(1, name=f"{name}_stage{stage}_border")(x)
        x = convolution(x, filters, 4, f"{name}_stage{stage}_conv", strides=steps)
        x = normalized(x, f"{name}_stage{stage}") if stage > 1 else x
        x = keras.layers.LeakyReLU(0.2, name=f"{name}_stage{stage}_activation")(x)
    x = keras.layers.ZeroPadding2D(1, name=f"{name}_head_border")(x)
    return keras.Model(image, convolution(x, 1, 4, f"{name}_head"), name=name)


def build(config: CycleGAN) -> keras.Model:
    images = {kind: keras.Input(config.input_shape, name=f"image_{kind}") for kind in "ab"}
    made = {"b": generator(config, "generator_ab")(images["a"]), "a": generator(config, "generator_ba")(images["b"])}
    judged = {kind: discriminator(config, f"discriminator_{kind}")(made[kind]) for kind in "ba"}
    return keras.Model(
        {f"image_{kind}": image for kind, image in images.items()},
        {f"image_{kind}": image for kind, image in made.items()} | {f"real_{kind}": x for kind, x in judged.items()},
        name="cyclegan",
    )


VARIANTS = {"cyclegan": CycleGAN()}
