"""What flows through a network: the activations of its layers forward, the gradients of its loss backward."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf

if TYPE_CHECKING:
    import numpy as np


def layer_outputs(
    model: keras.Model, inputs: np.ndarray, pattern: str, *, training: bool = False
) -> dict[str, np.ndarray]:
    """What the layers whose names match the glob `pattern` give for `inputs` (batch, ...), in order, by their names.

    `training` is the mode that the whole network is in. Raises `UsageError` when no layer matches.
    """
    found = {layer.name: layer.output for layer in model.layers if fnmatch.fnmatchcase(layer.name, pattern)}
    if not found:
        raise UsageError(f"no layer of {model.name} matches {pattern!r}")
    outputs = keras.Model(model.input, found)(inputs, training=training)
    return {name: keras.ops.convert_to_numpy(outputs[name]) for name in found}


def weight_gradients(
    model: keras.Model, inputs: np.ndarray, labels: np.ndarray, pattern: str = "*"
) -> dict[str, np.ndarray]:
    """The gradients of the compiled loss of `model` on a batch, in training mode, by the paths of the weights.

    Only weights that learn are asked, such as "stage1_dense/kernel", and only paths that match the glob `pattern`;
    first comes the nearest to the input. Raises `UsageError` when none matches. Needs the TensorFlow backend.
    """
    weights = [weight for weight in model.trainable_weights if fnmatch.fnmatchcase(weight.path, pattern)]
    if not weights:
        raise UsageError(f"no weight of {model.name} that learns matches {pattern!r}")
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=inputs, y=labels, y_pred=model(inputs, training=True))
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    return {weight.path: gradient.numpy() for weight, gradient in zip(weights, gradients, strict=True)}
