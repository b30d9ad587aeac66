"""TinyNet A to E: EfficientNet made smaller, less in resolution and depth than in width.

Han, Wang, Zhang, Zhang, Xu & Zhang, "Model Rubik's Cube: Twisting Resolution, Depth and Width for TinyNets",
NeurIPS 2020, table 4.
Input: (batch, 192, 192, 3) or any size from 17x17 up; output: (batch, classes) logits.

    name        parameters   trainable   width   depth   resolution
    tinynet_a    6,239,972   6,187,972    1.00   1.200          192
    tinynet_b    3,763,890   3,730,562    0.75   1.100          188
    tinynet_c    2,478,786   2,457,234    0.54   0.850          184
    tinynet_d    2,356,254   2,338,446    0.54   0.695          152
    tinynet_e    2,057,212   2,042,972    0.51   0.600          106

The rows are EfficientNet-B0's, with other rules of scaling: repeats are rounded to the nearest number, where
EfficientNet rounds up, the stem keeps its 32 filters, and the last convolution never has fewer than 1280.

This is the network of the authors' code and of timm, in PyTorch: strided convolutions pad all sides alike, batch
normalisation has the epsilon 1e-5 and moves by 0.1 a step, pixels are normalised by ImageNet's mean and deviation.
Dropout is that of the authors' training, which skips no blocks; timm's default is none.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.architectures.vision import TORCH, pixels
from keras_dl.architectures.vision.efficientnet import ROWS
from keras_dl.architectures.vision.inverted_residuals import InvertedResiduals, Row, network, rounded
from keras_dl.config import depth, width
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class TinyNet(InvertedResiduals):
    """EfficientNet-B0's rows, scaled by two coefficients in TinyNet's way."""

    momentum: ClassVar[float] = 0.9
    epsilon: ClassVar[float] = 1e-5
    symmetric: ClassVar[bool] = True
    squeeze: ClassVar[float] = 0.25

    input_shape: tuple[Count, Count, Count] = (192, 192, 3)
    pixel_scale: float | tuple[float, ...] = TORCH["pixel_scale"]
    pixel_offset: float | tuple[float, ...] = TORCH["pixel_offset"]
    width_coefficient: float = width(1.0, low=0.25, high=2.0)
    """factor on the filters of EfficientNet-B0's rows"""
    depth_coefficient: float = depth(1.2, low=0.25, high=3.0)
    """factor on the repeats of EfficientNet-B0's rows, which are rounded and at least 1"""
    dropout: Share = 0.2
    """rate of dropout before the classifier"""

    @property
    def stem_filters(self) -> int:
        return 32

    @property
    def last_filters(self) -> int:
        return max(1280, rounded(1280 * self.width_coefficient))

    def rows(self) -> list[Row]:
        return [
            row._replace(
                filters=rounded(row.filters * self.width_coefficient),
                repeats=max(1, round(row.repeats * self.depth_coefficient)),
            )
            for row in ROWS
        ]


def build(config: TinyNet) -> keras.Model:
    inputs, x = pixels(config)
    return network(inputs, x, config)


def variant(width_coefficient: float, depth_coefficient: float, resolution: int) -> TinyNet:
    return TinyNet(
        input_shape=(resolution, resolution, 3),
        width_coefficient=width_coefficient,
        depth_coefficient=depth_coefficient,
    )


VARIANTS = {
    "tinynet_a": variant(1.0, 1.2, 192),
    "tinynet_b": variant(0.75, 1.1, 188),
    "tinynet_c": variant(0.54, 0.85, 184),
    "tinynet_d": variant(0.54, 0.695, 152),
    "tinynet_e": variant(0.51, 0.6, 106),
}
