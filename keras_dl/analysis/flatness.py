"""How flat the squared error is where a network meets all its targets.

Sagun, Evci, Guney, Dauphin & Bottou, "Empirical analysis of the Hessian of over-parametrized neural networks", 2017:
there the Hessian is 2/n J^T J, with J the derivatives of the n outputs by the weights, so that the loss is curved along
at most n directions.
"""

from __future__ import annotations

import numpy as np

from keras_dl.analysis import landscape
from keras_dl.lazy import keras


def squared_error(y, outputs):
    """The mean over all values: a number."""
    return keras.ops.mean((y - outputs) ** 2)


def curvatures_at_zero(model: keras.Model, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The eigenvalues of the Hessian of the squared error of `model` on `x` (n, *shape), `y` (n, 1), largest first.

    They are those where the loss is 0, next to the weights of `model`, which stay: a copy in float64 is brought there.
    """
    from scipy.optimize import least_squares

    exact, x, y = landscape.in_float64(model), x.astype("float64"), y.astype("float64")
    shapes = [weight.shape for weight in exact.get_weights()]

    def move(weights: np.ndarray) -> None:
        parts = np.split(weights, np.cumsum([np.prod(shape) for shape in shapes])[:-1])
        exact.set_weights([part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)])

    def residuals(weights: np.ndarray) -> np.ndarray:
        move(weights)
        return exact(x).numpy().ravel() - y.ravel()

    def derivatives(weights: np.ndarray) -> np.ndarray:
        move(weights)
        return landscape.jacobian(exact, x)[1]

    start = np.concatenate([weight.ravel() for weight in exact.get_weights()])
    move(least_squares(residuals, start, derivatives, xtol=None, ftol=None, gtol=1e-12, max_nfev=200).x)
    return np.linalg.eigvalsh(landscape.hessian(exact, squared_error, x, y))[::-1]
