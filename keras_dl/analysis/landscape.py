"""The loss around trained weights, along random directions that are scaled filter by filter.

Li, Xu, Taylor, Studer & Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018. In a network of ReLU
or with batch normalisation the same function has weights of any size, so that a step of one length means little. A
direction whose every filter is as long as that filter of the weights takes the size out. A filter is what leads into
one unit or map: all axes of a kernel but the last in Keras, but the first in PyTorch, whose code the authors published.
Biases, and scales and shifts of normalisations, stay as they are. So do the statistics of batch normalisation: they are
those of the centre everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from keras_dl.lazy import keras, tf
from keras_dl.learning.kernels import kernels


def random_direction(model: keras.Model, seed: int, *, filterwise: bool = True) -> list[np.ndarray]:
    """A Gaussian direction: one array for each of the trainable variables of `model`, in their order and shapes.

    Each filter is as long as that of the weights; with `filterwise=False` the whole direction is as long as all
    kernels together instead. All but kernels is 0. `seed` and the shapes decide the direction up to these lengths.
    """
    generator = np.random.default_rng(seed)
    incoming = {variable.path: axes for variable, axes in kernels(model)}
    weights = {variable.path: variable.numpy() for variable in model.trainable_variables}
    found = {
        path: generator.normal(size=value.shape) if path in incoming else np.zeros(value.shape)
        for path, value in weights.items()
    }
    if filterwise:
        for path, axes in incoming.items():
            found[path] *= _length(weights[path], axes) / _length(found[path], axes)
    else:
        lengths = (np.sqrt(sum(np.sum(values[path] ** 2) for path in incoming)) for values in (weights, found))
        factor = next(lengths) / next(lengths)
        found = {path: factor * value for path, value in found.items()}
    return [value.astype("float32") for value in found.values()]


class Landscape:
    """The loss of `model` at its weights and around them; `loss(y, outputs)` is that of a batch, a number.

    The network is translated once; its weights may change between two calls of `losses`, and it keeps them.
    """

    def __init__(self, model: keras.Model, loss: Callable):
        self.model = model
        self._loss = loss
        self._program = tf.function(self._at)

    def losses(
        self, x: np.ndarray, y: np.ndarray, directions: Sequence[list[np.ndarray]], places: np.ndarray
    ) -> np.ndarray:
        """The loss on the batch `x`, `y` at each of `places` (n, k) in the units of k `directions`: (n,), float64.

        The place 0 is where the weights are.
        """
        batch = tf.constant(x), tf.constant(y)
        moves = [tf.constant(np.stack(values), "float32") for values in zip(*directions, strict=True)]
        return np.array([float(self._program(*batch, moves, tf.constant(place, "float32"))) for place in places])

    def _at(self, x, y, moves, place):
        variables = self.model.trainable_variables
        weights = [
            variable.value + tf.tensordot(place, move, axes=1) for variable, move in zip(variables, moves, strict=True)
        ]
        state = [variable.value for variable in self.model.non_trainable_variables]
        outputs, _state = self.model.stateless_call(weights, state, x, training=False)
        return self._loss(y, outputs)


def settle_statistics(model: keras.Model, x: np.ndarray) -> None:
    """Make the statistics of batch normalisation in `model` those of the batch `x` under its present weights.

    Running means lag behind the weights: after a short training they are those of a network that was.
    """
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    model(x, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def curvatures(grid: np.ndarray, step: float) -> np.ndarray:
    """The two principal curvatures of a surface, lower first, at the inner points of `grid` (n, n), `step` apart.

    By central differences: (n - 2, n - 2, 2).
    """
    middle = grid[1:-1, 1:-1]
    rows = (grid[2:, 1:-1] - 2 * middle + grid[:-2, 1:-1]) / step**2
    columns = (grid[1:-1, 2:] - 2 * middle + grid[1:-1, :-2]) / step**2
    mixed = (grid[2:, 2:] - grid[2:, :-2] - grid[:-2, 2:] + grid[:-2, :-2]) / (4 * step**2)
    return np.linalg.eigvalsh(np.stack([np.stack([rows, mixed], -1), np.stack([mixed, columns], -1)], -2))


def in_float64(model: keras.Model) -> keras.Model:
    """A copy of `model`, of one input, that computes in float64, where second derivatives can be told from rounding."""

    def copy(layer):
        return type(layer).from_config({**layer.get_config(), "dtype": "float64"})

    inputs = keras.Input(model.input_shape[1:], dtype="float64")
    found = keras.models.clone_model(model, input_tensors=inputs, clone_function=copy)
    found.set_weights(model.get_weights())
    return found


def jacobian(model: keras.Model, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The outputs of `model` for `x`, all in one vector (m,), and their derivatives by all p weights, (m, p)."""
    weights = [variable.value for variable in model.trainable_variables]
    with tf.GradientTape(persistent=True) as tape:
        outputs = tf.reshape(model(x), [-1])
    found = tape.jacobian(outputs, weights, experimental_use_pfor=False)  # whose program would be made at each call
    return outputs.numpy(), np.concatenate([part.numpy().reshape(len(outputs), -1) for part in found], axis=1)


def hessian(model: keras.Model, loss: Callable, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The second derivatives (p, p) of `loss(y, outputs)` on the batch `x`, `y` by all p weights of `model`."""
    shapes = [variable.shape for variable in model.trainable_variables]
    sizes = [math.prod(shape) for shape in shapes]
    flat = tf.concat([tf.reshape(variable.value, [-1]) for variable in model.trainable_variables], axis=0)
    with tf.GradientTape() as outer:
        outer.watch(flat)
        with tf.GradientTape() as inner:
            inner.watch(flat)
            weights = [tf.reshape(part, shape) for part, shape in zip(tf.split(flat, sizes), shapes, strict=True)]
            outputs, _state = model.stateless_call(weights, model.non_trainable_variables, x)
            value = loss(y, outputs)
        gradient = inner.gradient(value, flat)
    return outer.jacobian(gradient, flat).numpy()


def _length(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return np.sqrt(np.sum(np.square(values, dtype="float64"), axis=axes, keepdims=True))
