"""Show and Tell: an LSTM that writes what is on a picture, which it sees once, before the first word.

Vinyals, Toshev, Bengio & Erhan, "Show and Tell: A Neural Image Caption Generator", CVPR 2015; the sizes are those of
the authors' code, im2txt. Inputs: `image`, (batch, height, width, channels), pixels 0..255, or without a trunk
`features`, (batch, numbers), what another network makes of a picture; and `target_token_ids`, (batch, target_length):
the token of the beginning and the caption but for its last token. Output: (batch, target_length, vocabulary_size)
logits of the tokens of the caption, each from the picture and the tokens before it.

    name                          parameters  trunk
    image_captioner               15,447,776  none
    image_captioner_inception_v3  37,250,560  21,802,784

There are 12,000 words; the map from 2048 features to the vector of a picture has no bias. The nested models `encoder`
and `decoder` are what a search uses. Dropout is of what the LSTM takes and gives. All weights are trained from the
start; im2txt first keeps a trunk that knows ImageNet as it is.
"""

from __future__ import annotations

import dataclasses
import importlib
from typing import Annotated, ClassVar, Literal

from keras_dl.config import Config, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Counts, Share, at_least
from keras_dl.lazy import keras

TRUNKS = {"inception_v3": "inception_v3", "resnet18": "resnet"}
"""networks for pictures, by name, and the modules that have them"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageCaptioner(Config):
    """A network for pictures, and an LSTM."""

    task: ClassVar[str] = "captioning"

    trunk: Literal["inception_v3", "resnet18"] | None = None
    """network that reads pictures; without one, features of pictures are given"""
    input_shape: Counts = (2048,)
    """numbers in the features of a picture, or its height, width and channels where there is a trunk, by default the
    trunk's own"""
    vocabulary_size: Annotated[int, at_least(2)] = 12_000
    """tokens that there are; ids are below it"""
    target_length: Count = 20
    """tokens of a caption, pads included"""
    width: int = width(512, low=16, high=1024)
    """numbers in the vector of a token, and of a picture; units of the LSTM"""
    dropout: Share = 0.3
    """fraction of what the LSTM takes and gives that is dropped"""

    def __post_init__(self):
        super().__post_init__()
        if self.trunk is not None and self.input_shape == type(self).input_shape:
            object.__setattr__(self, "input_shape", _trunk(self.trunk).input_shape)
        if self.trunk is None and len(self.input_shape) != 1:
            raise UsageError(
                "a captioner without a trunk takes features of pictures; for pictures choose trunk: "
                f"{', '.join(TRUNKS)} (--network.trunk resnet18)"
            )
        if self.trunk is not None:
            self._pictures()

    def _pictures(self) -> Config:
        """The config of the trunk. Raises `UsageError` for pictures that it cannot take."""
        return _trunk(self.trunk).replace(input_shape=self.input_shape)

    @property
    def smallest_size(self) -> int:
        """The smallest height and width of pictures; there is no such thing, `AttributeError`, without a trunk."""
        if self.trunk is None:
            raise AttributeError("smallest_size")
        return self._pictures().smallest_size


def _trunk(name: str) -> Config:
    """The config of a network for pictures."""
    return importlib.import_module(f"keras_dl.architectures.vision.{TRUNKS[name]}").VARIANTS[name]


def encoder(config: ImageCaptioner) -> keras.Model:
    """`image` or `features` in; `picture`, (batch, width), out."""
    if config.trunk is None:
        name, inputs = "features", (x := keras.Input(config.input_shape, name="features"))
    else:
        network = config._pictures().build()
        trunk = keras.Model(network.input, network.get_layer("head").input, name="encoder_trunk")
        name, inputs = "image", keras.Input(config.input_shape, name="image")
        x = trunk(inputs)
    picture = keras.layers.Dense(config.width, use_bias=False, name="encoder_map")(x)
    return keras.Model({name: inputs}, {"picture": picture}, name="encoder")


def decoder(config: ImageCaptioner) -> keras.Model:
    """Tokens so far and what `encoder` gives in; logits, (batch, target_length, vocabulary_size), out."""
    tokens = keras.Input((config.target_length,), dtype="int32", name="target_token_ids")
    picture = keras.Input((config.width,), name="picture")
    first = keras.layers.Reshape((1, config.width), name="decoder_first")(picture)
    x = keras.layers.Embedding(config.vocabulary_size, config.width, name="decoder_embedding")(tokens)
    x = keras.layers.Concatenate(axis=1, name="decoder_join")([first, x])
    x = keras.layers.Dropout(config.dropout, name="decoder_dropout1")(x)
    x = keras.layers.LSTM(config.width, return_sequences=True, name="decoder_lstm")(x)
    x = keras.layers.Cropping1D((1, 0), name="decoder_after_picture")(x)
    x = keras.layers.Dropout(config.dropout, name="decoder_dropout2")(x)
    logits = keras.layers.Dense(config.vocabulary_size, name="decoder_head")(x)
    return keras.Model({"target_token_ids": tokens, "picture": picture}, logits, name="decoder")


def build(config: ImageCaptioner) -> keras.Model:
    name = "features" if config.trunk is None else "image"
    inputs = keras.Input(config.input_shape, name=name)
    tokens = keras.Input((config.target_length,), dtype="int32", name="target_token_ids")
    logits = decoder(config)({"target_token_ids": tokens, **encoder(config)({name: inputs})})
    return keras.Model({name: inputs, "target_token_ids": tokens}, logits, name="image_captioner")


VARIANTS = {
    "image_captioner": ImageCaptioner(),
    "image_captioner_inception_v3": ImageCaptioner(trunk="inception_v3", input_shape=(299, 299, 3)),
}
