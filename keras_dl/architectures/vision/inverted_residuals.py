"""What MobileNetV2, EfficientNet and TinyNet share: inverted residual blocks, also called MBConv, and how they follow.

Sandler, Howard, Zhu, Zhmoginov & Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, section 3.
A stem of stride 2, rows of blocks, a 1x1 convolution to many filters (stage 6), the head. A stage ends where the next
row has a stride of 2: rows 1 to 7 are the stages 1, 2, 3, 4, 4, 5 and 5.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import ClassVar, NamedTuple

from keras_dl.architectures.vision import ImageClassifier
from keras_dl.lazy import keras, layers


class Row(NamedTuple):
    """A row of a paper's table: `repeats` equal blocks, of which the first has the strides."""

    expansion: int
    kernel_size: int
    filters: int
    repeats: int
    strides: int


class Block(NamedTuple):
    """One block: its name, its row and its place in it (both from 0), and its sizes."""

    name: str
    row: int
    place: int
    expansion: int
    kernel_size: int
    filters: int
    strides: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class InvertedResiduals(ImageClassifier, abc.ABC):
    """A network of inverted residual blocks. A family says how wide and deep; what it never varies is constant."""

    activation: ClassVar[str] = "swish"
    momentum: ClassVar[float] = 0.99
    """of batch normalisation"""
    epsilon: ClassVar[float] = 1e-3
    """of batch normalisation"""
    symmetric: ClassVar[bool] = False
    """whether strided convolutions pad all sides alike, as in PyTorch; or, on even sizes, less above and on the left"""
    initializer: ClassVar[str | dict] = {"class_name": "VarianceScaling", "config": {"scale": 2.0, "mode": "fan_out"}}
    """of the kernels"""
    squeeze: ClassVar[float] = 0.0
    """filters of the squeeze-and-excitation, as a share of the block's inputs; 0 leaves it out"""
    dropout: ClassVar[float] = 0.0
    """rate of dropout before the classifier"""
    drop_connect: ClassVar[float] = 0.0
    """rate at which the last block would be skipped in training; it rises evenly from 0 at the first"""

    @property
    def smallest_size(self) -> int:
        return 17  # the last stride has two positions to choose from

    @property
    @abc.abstractmethod
    def stem_filters(self) -> int:
        """Filters of the first convolution."""

    @property
    @abc.abstractmethod
    def last_filters(self) -> int:
        """Filters of the last convolution."""

    @abc.abstractmethod
    def rows(self) -> list[Row]:
        """The rows of the paper's table, scaled."""

    def plan(self) -> list[Block]:
        """Every block, from the input on."""
        blocks, stage, number = [], 1, 0
        for index, row in enumerate(self.rows()):
            if row.strides > 1:
                stage, number = stage + 1, 0
            for place in range(row.repeats):
                number += 1
                strides = row.strides if place == 0 else 1
                name = f"stage{stage}_block{number}"
                blocks.append(Block(name, index, place, row.expansion, row.kernel_size, row.filters, strides))
        return blocks


def rounded(filters: float) -> int:
    """The multiple of 8 nearest to `filters`, at least 8; the next one up where that is below nine tenths of it."""
    nearest = max(8, int(filters + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * filters else nearest


def convolution(x, config: InvertedResiduals, filters: int | None, size: int, strides: int, name: str):
    """(batch, height, width, channels) -> (batch, height / strides, width / strides, filters), normalised.

    With `filters` None every channel has its own kernel.
    """
    padding = "same"
    if config.symmetric and strides > 1:
        x, padding = keras.layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x), "valid"
    options = {"strides": strides, "padding": padding, "use_bias": False, "name": f"{name}_conv"}
    if filters is None:
        x = keras.layers.DepthwiseConv2D(size, depthwise_initializer=config.initializer, **options)(x)
    else:
        x = keras.layers.Conv2D(filters, size, kernel_initializer=config.initializer, **options)(x)
    return layers.BatchNormalization(momentum=config.momentum, epsilon=config.epsilon, name=f"{name}_norm")(x)


def activation(x, config: InvertedResiduals, name: str):
    return keras.layers.Activation(config.activation, name=f"{name}_activation")(x)


def excitation(x, config: InvertedResiduals, filters: int, name: str):
    """Weigh the channels of (batch, height, width, channels) by what all positions say, through so many `filters`."""
    y = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    for outputs, function, step in ((filters, config.activation, "reduce"), (x.shape[-1], "sigmoid", "expand")):
        y = keras.layers.Conv2D(
            outputs, 1, activation=function, kernel_initializer=config.initializer, name=f"{name}_squeeze_{step}"
        )(y)
    return keras.layers.Multiply(name=f"{name}_excite")([x, y])


def inverted_residual(x, config: InvertedResiduals, block: Block, rate: float):
    """(batch, height, width, channels) -> (batch, height / strides, width / strides, filters).

    With the probability `rate` an example skips a block that keeps its shape, in training.
    """
    inputs, channels, name = x, x.shape[-1], block.name
    if block.expansion > 1:
        x = convolution(x, config, block.expansion * channels, 1, 1, f"{name}_expand")
        x = activation(x, config, f"{name}_expand")
    x = convolution(x, config, None, block.kernel_size, block.strides, f"{name}_depthwise")
    x = activation(x, config, f"{name}_depthwise")
    if config.squeeze:
        x = excitation(x, config, max(1, int(channels * config.squeeze)), name)
    x = convolution(x, config, block.filters, 1, 1, f"{name}_project")
    if block.strides > 1 or block.filters != channels:
        return x
    if rate:
        x = keras.layers.Dropout(rate, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x)
    return keras.layers.Add(name=f"{name}_add")([inputs, x])


def network(inputs, x, config: InvertedResiduals) -> keras.Model:
    """The model from `inputs` to logits, whose normalised pixels are `x`."""
    x = convolution(x, config, config.stem_filters, 3, 2, "stem")
    x = activation(x, config, "stem")
    plan = config.plan()
    for index, block in enumerate(plan):
        x = inverted_residual(x, config, block, config.drop_connect * index / len(plan))
    x = convolution(x, config, config.last_filters, 1, 1, "stage6")
    x = activation(x, config, "stage6")
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(x)
    if config.dropout:
        x = keras.layers.Dropout(config.dropout, name="head_dropout")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name=config.family)
