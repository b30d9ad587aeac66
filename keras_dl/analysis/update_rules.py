"""The update rules as the lectures write them, in numpy, and Keras's optimizers run in the same way beside them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_dl.lazy import keras

Gradient = Callable[[np.ndarray], np.ndarray]


def sgd(gradient: Gradient, w: np.ndarray, rate, steps: int) -> np.ndarray:
    """The weights before and after each step, (steps + 1, *shape of w): w := w - rate g.

    `gradient(w)` gives g in the shape of `w`. `rate` is a number or an array that broadcasts against `w`; so several
    learning rates take one run.
    """
    path = [w]
    for _ in range(steps):
        path.append(path[-1] - rate * gradient(path[-1]))
    return np.stack(path)


def momentum(gradient: Gradient, w: np.ndarray, rate, steps: int, beta: float = 0.9) -> np.ndarray:
    """Like `sgd`, along the running mean of the gradients: m := beta m + (1 - beta) g, w := w - rate m."""
    path, mean = [w], 0.0
    for _ in range(steps):
        mean = beta * mean + (1 - beta) * gradient(path[-1])
        path.append(path[-1] - rate * mean)
    return np.stack(path)


def adagrad(gradient: Gradient, w: np.ndarray, rate, steps: int, epoch: int | None = None) -> np.ndarray:
    """Like `sgd`: G := G + g^2, w := w - rate g / sqrt(G), and no step where all gradients were 0 (Duchi et al. 2011).

    With `epoch` the sum G starts anew after so many steps, as a lecture has it.
    """
    path, squares = [w], 0.0
    for step in range(steps):
        if epoch is not None and step % epoch == 0:
            squares = 0.0
        g = gradient(path[-1])
        squares = squares + g**2
        path.append(path[-1] - rate * g / np.where(squares > 0, np.sqrt(squares), 1))
    return np.stack(path)


def adam(gradient: Gradient, w: np.ndarray, rate, steps: int, beta1=0.9, beta2=0.999, epsilon=1e-7) -> np.ndarray:
    """Like `sgd`: the mean of the gradients over the root of their mean square, both corrected for their start at 0.

    Kingma & Ba 2015, algorithm 1, in the order of computation at the end of section 2, which Keras takes too: there
    `epsilon` is added before the correction.
    """
    path, mean, square = [w], 0.0, 0.0
    for step in range(1, steps + 1):
        g = gradient(path[-1])
        mean = beta1 * mean + (1 - beta1) * g
        square = beta2 * square + (1 - beta2) * g**2
        correction = np.sqrt(1 - beta2**step) / (1 - beta1**step)
        path.append(path[-1] - rate * correction * mean / (np.sqrt(square) + epsilon))
    return np.stack(path)


def by_keras(optimizer: keras.optimizers.Optimizer, gradient: Gradient, w: np.ndarray, steps: int) -> np.ndarray:
    """What `optimizer` makes of the same: the weights before and after each step, in float64."""
    variable = keras.Variable(w, dtype="float64")
    path = [w]
    for _ in range(steps):
        optimizer.apply([keras.ops.convert_to_tensor(gradient(path[-1]), "float64")], [variable])
        path.append(keras.ops.convert_to_numpy(variable.value))
    return np.stack(path)
