"""Vision Transformers: an image as a sentence of patches.

Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale", ICLR 2021, table 1;
Ti and S: Touvron et al., "Training data-efficient image transformers & distillation through attention", ICML 2021.
Input: (batch, 224, 224, 3) or any multiple of the patch; output: (batch, classes) logits.

    name       parameters  blocks  width  heads  patch
    vit_ti16    5,717,416      12    192      3     16
    vit_s16    22,050,664      12    384      6     16
    vit_b16    86,567,656      12    768     12     16
    vit_b32    88,224,232      12    768     12     32
    vit_l16   304,326,632      24   1024     16     16
    vit_l32   306,535,400      24   1024     16     32
    vit_h14   632,045,800      32   1280     16     14

Each block is a stage; the last normalisation belongs to the last block's. The tokens are normalised before attention
and before the multilayer perceptron (epsilon 1e-6), queries, keys and values have biases, the GELU is the exact one and
the head is one dense layer on the class token, as in the paper's fine-tuned networks. The paper's pre-training head has
a hidden layer more, and its catalogue of 21,843 classes other counts.

The published code draws kernels from Glorot's uniform distribution. Keras measures the fans of a head's kernel,
(width, heads, head_width), otherwise, so kernels and positions are drawn here as DeiT does: a normal distribution of
standard deviation 0.02, cut off at two of them. Dropout, where used, follows the positions and every dense layer but
those of queries, keys and values, as the paper's appendix B.1 says.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class ViT(ImageClassifier):
    """A Vision Transformer with a class token."""

    fixed_size: ClassVar[bool] = True

    patch: Count = 16
    """height and width of a patch in pixels"""
    heads: int = width(12, low=1, high=16)
    """heads of attention"""
    head_width: Count = 64
    """width of a head; a token is `heads` times as wide"""
    blocks: int = depth(12, low=1, high=32)
    """transformer blocks"""
    mlp_ratio: float = 4.0
    """hidden units of a block's multilayer perceptron, relative to the width of a token"""
    dropout: Share = 0.0
    """fraction of activations dropped"""

    def __post_init__(self):
        super().__post_init__()
        if self.hidden < 1:
            raise UsageError(f"mlp_ratio must give a unit at least, {1 / self.width:.3g}, got {self.mlp_ratio}")
        height, width = self.input_shape[:2]
        if height % self.patch or width % self.patch:
            rows, columns = (max(1, round(size / self.patch)) for size in (height, width))
            raise UsageError(
                f"input {height}x{width} is no multiple of the patch, {self.patch}x{self.patch}; "
                f"the nearest is {rows * self.patch}x{columns * self.patch}"
            )

    @property
    def smallest_size(self) -> int:
        return self.patch

    @property
    def width(self) -> int:
        """Numbers in a token."""
        return self.heads * self.head_width

    @property
    def hidden(self) -> int:
        """Hidden units of a block's multilayer perceptron."""
        return round(self.width * self.mlp_ratio)


def initializer():
    """A fresh one for each kernel: one instance gives the same numbers again."""
    return keras.initializers.TruncatedNormal(stddev=0.02)


def normalization(x, name: str):
    """(batch, tokens, width) -> the same shape."""
    return keras.layers.LayerNormalization(epsilon=1e-6, name=name)(x)


def dropout(x, config: ViT, name: str):
    """`x`, some of it dropped while training."""
    return keras.layers.Dropout(config.dropout, name=name)(x) if config.dropout else x


def block(x, config: ViT, name: str):
    """(batch, tokens, width) -> the same shape: attention and a perceptron, each added to what it takes."""
    y = normalization(x, f"{name}_norm1")
    y = keras.layers.MultiHeadAttention(
        config.heads, config.head_width, kernel_initializer=initializer(), name=f"{name}_attention"
    )(y, y)
    y = dropout(y, config, f"{name}_dropout1")
    x = keras.layers.Add(name=f"{name}_add1")([x, y])
    y = normalization(x, f"{name}_norm2")
    y = keras.layers.Dense(config.hidden, activation="gelu", kernel_initializer=initializer(), name=f"{name}_dense1")(y)
    y = dropout(y, config, f"{name}_dropout2")
    y = keras.layers.Dense(config.width, kernel_initializer=initializer(), name=f"{name}_dense2")(y)
    y = dropout(y, config, f"{name}_dropout3")
    return keras.layers.Add(name=f"{name}_add2")([x, y])


def build(config: ViT) -> keras.Model:
    inputs, x = pixels(config)
    x = keras.layers.Conv2D(
        config.width, config.patch, strides=config.patch, kernel_initializer="lecun_normal", name="stem_patches"
    )(x)
    x = layers.ClassTokenAndPositions(name="stem_tokens")(x)
    x = dropout(x, config, "stem_dropout")
    for index in range(1, config.blocks + 1):
        x = block(x, config, f"stage{index}")
    x = normalization(x, f"stage{config.blocks}_norm")
    x = keras.layers.Cropping1D((0, x.shape[1] - 1), name="head_token")(x)
    x = keras.layers.Flatten(name="head_flatten")(x)
    outputs = keras.layers.Dense(
        config.classes, activation=config.classifier_activation, kernel_initializer=initializer(), name="head"
    )(x)
    return keras.Model(inputs, outputs, name="vit")


VARIANTS = {
    "vit_ti16": ViT(heads=3),
    "vit_s16": ViT(heads=6),
    "vit_b16": ViT(),
    "vit_b32": ViT(patch=32),
    "vit_l16": ViT(heads=16, blocks=24),
    "vit_l32": ViT(heads=16, blocks=24, patch=32),
    "vit_h14": ViT(heads=16, head_width=80, blocks=32, patch=14),
}
DEIT = ("Training data-efficient image transformers & distillation through attention", "2021")
PAPERS = {"vit_ti16": DEIT, "vit_s16": DEIT}
