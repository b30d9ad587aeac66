"""The part of a network that makes the features of an input."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from keras_dl import surgery
from keras_dl.errors import UsageError
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.config import Config

HEAD, ENCODER = "head", "encoder"

_encoders: weakref.WeakKeyDictionary[keras.Model, keras.Model] = weakref.WeakKeyDictionary()


def encoder_of(network: keras.Model, config: Config) -> keras.Model:
    """What makes a vector of features, (batch, features), of each input of `network`, which is that of `config`.

    It is what the config's `representation` gives, if it has one, else the part called encoder, else all that comes
    before the head, or all where there is none. It shares the weights, and is the same object each time, since Keras
    translates every new one into a program. Raises `UsageError` for a network that makes no such vector.
    """
    if network in _encoders:
        return _encoders[network]
    found = getattr(config, "representation", _by_name)(network)
    if isinstance(found.output, dict | list) or len(found.output.shape) != 2:
        raise UsageError(f"{network.name} makes no single vector of features for each input")
    if found is not network:  # which would keep itself alive
        _encoders[network] = found
    return found


def trained_encoder(network: keras.Model, config: Config) -> keras.Model:
    """That of `encoder_of`, for a training in which the head of `network` stands still."""
    for layer in network.layers:
        if layer.name == HEAD:
            layer.trainable = False
    return encoder_of(network, config)


def _by_name(network: keras.Model) -> keras.Model:
    parts = {layer.name: layer for layer in network.layers}
    if ENCODER in parts:
        return parts[ENCODER]
    return surgery.embedding(network) if HEAD in parts else network
