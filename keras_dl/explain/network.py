"""A network as explanations see it: logits at one end, normalised pixels at the other."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Sequence

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.surgery import check_model


@dataclasses.dataclass(frozen=True)
class Question:
    """Why does `network` give for `x`, (batch, ...), the logits where `mask`, (batch, 1 .., classes), is 1?"""

    network: keras.Model
    x: tf.Tensor
    mask: tf.Tensor

    def chosen(self, outputs: tf.Tensor) -> tf.Tensor:
        """The logits that are explained, all others 0; the shape of `outputs`."""
        return outputs * self.mask


def ask(model: keras.Model, pictures: np.ndarray, classes: Sequence[int]) -> Question:
    """The question for `logits(model)`. Raises `UsageError` for inputs or classes that do not fit the network."""
    network = logits(model)
    try:
        x = tf.convert_to_tensor(pictures, "float32")
    except (TypeError, ValueError):
        raise UsageError(f"{model.name} takes inputs {network.input.shape[1:]}, got {reprlib.repr(pictures)}") from None
    if len(x.shape) != len(network.input.shape) or x.shape[1:] != network.input.shape[1:]:
        raise UsageError(f"{model.name} takes inputs {network.input.shape[1:]}, got an array {tuple(x.shape)}")
    chosen, count = np.asarray(classes), network.output.shape[-1]
    if chosen.shape != (len(x),) or chosen.dtype.kind not in "iu" or np.any((chosen < 0) | (chosen >= count)):
        raise UsageError(f"classes must be {len(x)} whole numbers from 0 to {count - 1}, got {classes!r}")
    between = (1,) * (len(network.output.shape) - 2)
    return Question(network, x, tf.reshape(tf.one_hot(chosen, count), (len(x), *between, count)))


def logits(model: keras.Model) -> keras.Model:
    """`model` without the activation at its end, and with its main output alone; inner layers are shared with it.

    A last layer that has an activation of its own is copied as it is now, without it.
    """
    check_model(model)
    output = model.output["head"] if isinstance(model.output, dict) else model.output
    last = output._keras_history.operation
    if isinstance(last, keras.layers.Activation | keras.layers.Softmax):
        output = last.input
    elif getattr(last, "activation", keras.activations.linear) is not keras.activations.linear:
        bare = type(last).from_config(last.get_config() | {"activation": "linear"})
        output = bare(last.input)
        bare.set_weights(last.get_weights())
    return keras.Model(model.input, output, name=model.name)


def sources(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The layers whose outputs `layer` takes, in its order."""
    if isinstance(layer, keras.layers.InputLayer):
        return []
    return [tensor._keras_history.operation for tensor in keras.tree.flatten(layer.input)]


def consumers(network: keras.Model) -> dict[str, list[keras.layers.Layer]]:
    """For the name of each layer, the layers that take its output."""
    found = {layer.name: [] for layer in network.layers}
    for layer in network.layers:
        for source in sources(layer):
            found[source.name].append(layer)
    return found


def normalizing(network: keras.Model) -> list[keras.layers.Layer]:
    """The layers from the input on that only scale, shift or reshape single pixels; the input layer is the first."""
    kinds = (
        keras.layers.Rescaling,
        keras.layers.Normalization,
        keras.layers.Flatten,
        keras.layers.Reshape,
        keras.layers.Dropout,
    )
    readers, found = consumers(network), [network.input._keras_history.operation]
    while len(following := readers[found[-1].name]) == 1 and isinstance(following[0], kinds):
        found.append(following[0])
    return found


def normalized(network: keras.Model, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The normalised pixels of the pictures `x`, and how much each changes with its pixel; both of the shape of `x`."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        values = x
        for layer in normalizing(network)[1:]:
            values = layer(values, training=False) if isinstance(layer, keras.layers.Dropout) else layer(values)
        values = tf.reshape(values, tf.shape(x))
    return values, tape.gradient(values, x)


def activation_name(layer: keras.layers.Layer) -> str:
    """The name of the activation in `layer`, "linear" if it has none."""
    if isinstance(layer, keras.layers.ReLU | keras.layers.LeakyReLU | keras.layers.ELU | keras.layers.PReLU):
        return type(layer).__name__.lower()
    return getattr(layer, "activation", keras.activations.linear).__name__
