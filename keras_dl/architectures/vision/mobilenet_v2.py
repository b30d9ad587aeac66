"""MobileNetV2, any width multiplier.

Sandler, Howard, Zhu, Zhmoginov & Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, table 2.
Input: (batch, 224, 224, 3) or any size from 17x17 up; output: (batch, classes) logits.

    name           parameters   trainable
    mobilenet_v2    3,538,984   3,504,872

The parameters with other multipliers `alpha`: 1,691,208 (0.35), 1,987,224 (0.5), 2,663,064 (0.75), 5,431,048 (1.3)
and 6,156,712 (1.4). Widths are multiples of 8 and never below 8, so that any multiplier can be built; the last
convolution keeps its 1280 filters where `alpha` is below 1, as section 6.1 has it.

This is the network of keras.applications, which follows the authors' code: convolutions of stride 2 on even sizes pad
at the lower and right border, batch normalisation has the momentum 0.999 and the epsilon 1e-3, and there is no dropout
before the classifier, where the authors' training has a rate of 0.2. torchvision and timm pad all sides alike, with an
epsilon of 1e-5; equal weights give other outputs there. Pixels are scaled to -1..1.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.architectures.vision import pixels
from keras_dl.architectures.vision.inverted_residuals import InvertedResiduals, Row, network, rounded
from keras_dl.config import depth, width
from keras_dl.fields import Share
from keras_dl.lazy import keras

EXPANSIONS = (1, 6, 6, 6, 6, 6, 6)
FILTERS = (16, 24, 32, 64, 96, 160, 320)
STRIDES = (1, 2, 2, 2, 1, 2, 1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MobileNetV2(InvertedResiduals):
    """Seven rows of inverted residual blocks with linear bottlenecks."""

    activation: ClassVar[str] = "relu6"
    momentum: ClassVar[float] = 0.999
    initializer: ClassVar[str | dict] = "glorot_uniform"

    alpha: float = width(1.0, low=0.25, high=2.0)
    """width multiplier: the filters are so many times those of the paper's table"""
    repeats: tuple[int, int, int, int, int, int, int] = depth((1, 2, 3, 4, 3, 3, 1), low=1, high=6)
    """blocks in each row of the table, the paper's n"""
    momentum: Share = 0.999
    """share of the old in the running statistics of batch normalisation; fewer than some thousand steps want a lower"""

    @property
    def stem_filters(self) -> int:
        return rounded(32 * self.alpha)

    @property
    def last_filters(self) -> int:
        return rounded(1280 * max(1.0, self.alpha))

    def rows(self) -> list[Row]:
        rows = zip(EXPANSIONS, FILTERS, self.repeats, STRIDES, strict=True)
        return [Row(t, 3, rounded(int(c * self.alpha)), n, s) for t, c, n, s in rows]


def build(config: MobileNetV2) -> keras.Model:
    inputs, x = pixels(config)
    return network(inputs, x, config)


VARIANTS = {"mobilenet_v2": MobileNetV2()}
