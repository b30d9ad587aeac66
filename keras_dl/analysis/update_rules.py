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


def deviations(gradient: Gradient, one_by_one: Gradient, w: np.ndarray) -> dict[str, float]:
    """How far Keras's optimizers are from these rules, and what the rules say, for one loss from the weights `w` on.

    `one_by_one(w)` is the mean of the gradients of single examples. "sgd", "momentum", "adagrad" and "adam" are the
    largest differences of a weight, "decay" and "adamw" those between weight decay and a penalty with SGD and Adam.
    "jump": how much longer AdaGrad's steps are where it starts anew; "first": how far Adam's first step is from the
    rate, relatively; "length" and "direction": how far a clipped gradient is from the length allowed, relatively, and
    1 less the cosine.
    """
    optimizers, rate = keras.optimizers, 0.1

    def difference(ours: np.ndarray, optimizer: keras.optimizers.Optimizer, loss=gradient) -> float:
        return float(np.abs(ours - by_keras(optimizer, loss, w, len(ours) - 1)).max())

    def penalized(w):
        return gradient(w) + 2 * 0.05 * w

    anew = adagrad(gradient, w, 0.01, 40, epoch=20)
    before, again = (
        np.abs((anew[n + 1] - anew[n]) / np.where(gradient(anew[n]), gradient(anew[n]), 1)) for n in (19, 20)
    )
    first = np.abs(np.diff(by_keras(optimizers.Adam(rate), gradient, w, 1), axis=0)[0]) / rate
    g = gradient(w)
    limit = float(np.linalg.norm(g)) / 3
    clipped = -np.diff(by_keras(optimizers.SGD(1.0, global_clipnorm=limit), gradient, w, 1), axis=0)[0]
    length = float(np.linalg.norm(clipped))
    decayed = optimizers.SGD(rate, weight_decay=2 * 0.05), optimizers.Adam(0.01, weight_decay=2 * 0.05)
    return {
        "sgd": difference(sgd(one_by_one, w, rate, 20), optimizers.SGD(rate)),
        "momentum": difference(momentum(gradient, w, rate, 50), optimizers.SGD(rate * (1 - 0.9), momentum=0.9)),
        "adagrad": difference(
            adagrad(gradient, w, rate, 20), optimizers.Adagrad(rate, initial_accumulator_value=0, epsilon=1e-20)
        ),
        "jump": float(np.median(again[before > 0] / before[before > 0])),
        "adam": difference(adam(gradient, w, 0.001, 20), optimizers.Adam(0.001)),
        "first": float(np.abs(first[np.abs(g) > 0.01] - 1).max()),
        "decay": difference(sgd(penalized, w, rate, 20), decayed[0]),
        "adamw": difference(adam(penalized, w, 0.01, 20), decayed[1]),
        "length": length / limit - 1,
        "direction": 1 - float((clipped * g).sum() / length / np.linalg.norm(g)),
    }
