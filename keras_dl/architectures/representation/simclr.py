"""SimCLR: a residual network, and a small projection of its features that brings two views of a picture together.

Chen, Kornblith, Norouzi & Hinton, "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020,
section 2, appendix B.9 for small pictures. Input: `image`, (batch, 224, 224, 3) or any size from 17x17 up, for the
small stem from 5x5; output: (batch, 128), the projection, whose cosines the loss compares.

    name             parameters     encoder  projection   of them trained  features  stem
    simclr_resnet50  28,019,776  23,561,152   4,458,624        27,966,656      2048  7x7 of stride 2, pooling
    simclr_small     11,506,752  11,178,432     328,320        11,497,152       512  3x3

Two models lie within: `encoder`, from pictures to features, which is what other tasks take, and `projection`, two dense
layers with biases, as in the paper; the authors' code has batch normalisation in place of the biases. Residual networks
are torchvision's, without biases and without their classifier; simclr_small is a ResNet-18 whose stem keeps the size of
the picture, for 32x32 pixels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from keras_dl.architectures.vision import TORCH, ImageReader, pixels, resnet
from keras_dl.config import depth, width
from keras_dl.fields import Count
from keras_dl.lazy import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimCLR(ImageReader):
    """A residual network of four stages and a projection."""

    task: ClassVar[str] = "contrastive"
    form: ClassVar[str] = "torch"
    training: ClassVar[Mapping[str, Any]] = {"batch_size": 256}

    pixel_scale: float | tuple[float, ...] = TORCH["pixel_scale"]
    pixel_offset: float | tuple[float, ...] = TORCH["pixel_offset"]
    filters: int = width(64, low=4, high=128)
    """filters of the stem and of the first stage's 3x3 convolutions; each further stage has twice as many"""
    blocks: tuple[int, int, int, int] = depth((3, 4, 6, 3), low=1, high=36)
    """residual blocks in each stage"""
    block: Literal["basic", "bottleneck"] = "bottleneck"
    """two 3x3 convolutions, or a 3x3 one between two of 1x1 of which the second has four times the filters"""
    stem: Literal["large", "small"] = "large"
    """a 7x7 convolution and a pooling that quarter the sides of a picture, or one of 3x3 that keeps them"""
    projection_width: Count = 128
    """numbers of the projection"""

    @property
    def smallest_size(self) -> int:
        return 17 if self.stem == "large" else 5  # the stride of the last stage has two positions to choose from


def encoder(config: SimCLR) -> keras.Model:
    """(batch, height, width, channels) -> (batch, features)."""
    image, x = pixels(config)
    large = config.stem == "large"
    x = resnet.convolution(x, config, config.filters, 7 if large else 3, 2 if large else 1, "stem")
    x = keras.layers.Activation("relu", name="stem_relu")(x)
    if large:
        x = keras.layers.ZeroPadding2D(1, name="stage1_pool_pad")(x)
        x = keras.layers.MaxPooling2D(3, strides=2, name="stage1_pool")(x)
    return keras.Model(image, resnet.residual_stages(x, config), name="encoder")


def projection(config: SimCLR, features: int) -> keras.Model:
    """(batch, features) -> (batch, projection_width)."""
    x = inputs = keras.Input((features,), name="features")
    x = keras.layers.Dense(features, activation="relu", name="projection_hidden")(x)
    x = keras.layers.Dense(config.projection_width, name="projection_head")(x)
    return keras.Model(inputs, x, name="projection")


def build(config: SimCLR) -> keras.Model:
    image = keras.Input(config.input_shape, name="image")
    features = encoder(config)(image)
    return keras.Model(image, projection(config, features.shape[-1])(features), name="simclr")


VARIANTS = {
    "simclr_resnet50": SimCLR(),
    "simclr_small": SimCLR(input_shape=(32, 32, 3), blocks=(2, 2, 2, 2), block="basic", stem="small"),
}
