"""Masked autoencoders: a Vision Transformer that sees a quarter of a picture, and a smaller one that makes the rest.

He, Chen, Xie, Li, Dollar & Girshick, "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022, section 3. Inputs:
`image`, (batch, 224, 224, 3), pixels 0..255, and `noise`, (batch, patches) numbers, of which the smallest say which
patches are seen; output: (batch, patches, patch * patch * channels), the pixels of every patch, row by row, as
`masked_reconstruction` wants them: with the mean 0 and the deviation 1 in each patch.

    name                      parameters      encoder     decoder  of them trained
    masked_autoencoder_vit_b  111,907,840  85,798,656  26,109,184      111,655,680

Two models lie within: `encoder`, from pictures and noise to the tokens of a class token and the patches that are seen,
and `decoder`, from these to pixels. Positions are fixed waves, counted here as in the published files. The encoder is
ViT-B/16 without its head; hidden patches never enter it, a learned token stands for them in the decoder, of 8 blocks of
512. `representation` is the network from pictures to features: the mean of the tokens of all patches, none hidden.

Weights start as those of the Vision Transformers here, from a normal distribution of deviation 0.02; the authors draw
them from Glorot's.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

from keras_dl.architectures.vision import TORCH, ImageReader, pixels, vit
from keras_dl.config import depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskedAutoencoder(ImageReader):
    """Two transformers."""

    task: ClassVar[str] = "masked_reconstruction"
    fixed_size: ClassVar[bool] = True

    pixel_scale: float | tuple[float, ...] = TORCH["pixel_scale"]
    pixel_offset: float | tuple[float, ...] = TORCH["pixel_offset"]
    patch: Count = 16
    """height and width of a patch in pixels"""
    masking_ratio: Share = 0.75
    """share of the patches that is hidden from the encoder"""
    heads: int = width(12, low=1, high=16)
    """heads of attention in the encoder"""
    head_width: Count = 64
    """width of such a head; a token is `heads` times as wide"""
    blocks: int = depth(12, low=1, high=32)
    """blocks of the encoder"""
    decoder_heads: int = width(16, low=1, high=16)
    """heads of attention in the decoder"""
    decoder_head_width: Count = 32
    """width of such a head"""
    decoder_blocks: int = depth(8, low=1, high=12)
    """blocks of the decoder"""

    def __post_init__(self):
        super().__post_init__()
        for part in (self.encoder, self.decoder):  # which refuse what is no multiple of the patch
            if part.width % 4:
                raise UsageError(f"tokens must have a multiple of 4 numbers for their waves, got {part.width}")
        if self.seen < 1:
            raise UsageError(f"masking_ratio={self.masking_ratio} hides all of {self.patches} patches; hide less")

    @property
    def smallest_size(self) -> int:
        return self.patch * math.ceil((1 / (1 - self.masking_ratio)) ** 0.5)  # that one patch is seen

    @property
    def encoder(self) -> vit.ViT:
        """The Vision Transformer whose blocks the encoder has."""
        return vit.ViT(
            input_shape=self.input_shape,
            patch=self.patch,
            heads=self.heads,
            head_width=self.head_width,
            blocks=self.blocks,
        )

    @property
    def decoder(self) -> vit.ViT:
        """That whose blocks the decoder has."""
        return self.encoder.replace(
            heads=self.decoder_heads, head_width=self.decoder_head_width, blocks=self.decoder_blocks
        )

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return tuple(side // self.patch for side in self.input_shape[:2])

    @property
    def patches(self) -> int:
        return self.grid[0] * self.grid[1]

    @property
    def seen(self) -> int:
        """How many patches are not hidden."""
        return int(self.patches * (1 - self.masking_ratio))

    def representation(self, network: keras.Model) -> keras.Model:
        """Pictures to the mean of the tokens of their patches, (batch, width), with the weights of `network`."""

        def seeing_all(layer, *tensors, **settings):
            return tensors[0] if layer.name == "encoder_visible" else layer(*tensors, **settings)

        encoder = keras.models.clone_model(
            network.get_layer("encoder"), clone_function=lambda layer: layer, call_function=seeing_all
        )
        patches = keras.layers.Cropping1D((1, 0), name="representation_patches")(encoder.output)
        mean = keras.layers.GlobalAveragePooling1D(name="representation")(patches)
        return keras.Model(encoder.input["image"], mean, name=f"{network.name}_representation")


def blocks(x, config: vit.ViT, name: str):
    """(batch, tokens, width) -> the same shape: all blocks of a transformer and its last normalisation."""
    for index in range(1, config.blocks + 1):
        x = vit.block(x, config, f"{name}_stage{index}")
    return vit.normalization(x, f"{name}_norm")


def encoder(config: MaskedAutoencoder) -> keras.Model:
    """Pictures and noise -> (batch, 1 + patches that are seen, width)."""
    image, x = pixels(config)
    noise = keras.Input((config.patches,), name="noise")
    x = keras.layers.Conv2D(
        config.encoder.width, config.patch, strides=config.patch, kernel_initializer="lecun_normal", name="encoder_stem"
    )(x)
    x = layers.ClassTokenAndPositions(waves=True, name="encoder_tokens")(x)
    x = layers.VisibleTokens(config.seen, name="encoder_visible")(x, noise)
    return keras.Model({"image": image, "noise": noise}, blocks(x, config.encoder, "encoder"), name="encoder")


def decoder(config: MaskedAutoencoder) -> keras.Model:
    """(batch, 1 + patches that are seen, width) and noise -> (batch, patches, patch * patch * channels)."""
    tokens = keras.Input((1 + config.seen, config.encoder.width), name="tokens")
    noise = keras.Input((config.patches,), name="noise")
    x = keras.layers.Dense(config.decoder.width, kernel_initializer=vit.initializer(), name="decoder_stem")(tokens)
    x = layers.AllTokens(config.grid, name="decoder_tokens")(x, noise)
    x = blocks(x, config.decoder, "decoder")
    x = keras.layers.Cropping1D((1, 0), name="decoder_patches")(x)
    numbers = config.patch**2 * config.input_shape[2]
    x = keras.layers.Dense(numbers, kernel_initializer=vit.initializer(), name="decoder_head")(x)
    return keras.Model({"tokens": tokens, "noise": noise}, x, name="decoder")


def build(config: MaskedAutoencoder) -> keras.Model:
    inputs = {
        "image": keras.Input(config.input_shape, name="image"),
        "noise": keras.Input((config.patches,), name="noise"),
    }
    tokens = encoder(config)(inputs)
    return keras.Model(inputs, decoder(config)({"tokens": tokens, "noise": inputs["noise"]}), name="masked_autoencoder")


VARIANTS = {"masked_autoencoder_vit_b": MaskedAutoencoder()}
