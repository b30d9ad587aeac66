"""A layer of fixed functions: every product of one function of each input."""

import keras
import numpy as np
from keras import ops

KINDS = ("rbf", "polynomial", "fourier")


@keras.saving.register_keras_serializable(package="keras_dl")
class GridBasis(keras.layers.Layer):
    """The `count`^inputs products of `count` fixed functions of each input: (batch, inputs) -> (batch, functions).

    The last input's function changes fastest. Inputs are brought from the interval `domain` to -1..1 =: u first.
    "polynomial" are Legendre's of degree 0 to `count` - 1; "fourier" 1, cos(pi u), sin(pi u), cos(2 pi u) and so on;
    "rbf" Gaussians in u at equal distances from -1 to 1, whose deviation is this distance. There are no weights.

    Args:
        kind: "rbf", "polynomial" or "fourier".
        count: functions of each input.
        domain: the ends of the interval that the inputs are in.
    """

    def __init__(self, kind: str, count: int, domain: tuple[float, float] = (-1.0, 1.0), **kwargs):
        super().__init__(**kwargs)
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
        self.kind = kind
        self.count = count
        self.domain = tuple(domain)

    def call(self, inputs):
        low, high = self.domain
        each = self._functions(2 * (inputs - low) / (high - low) - 1)
        products = each[:, 0]
        for place in range(1, inputs.shape[1]):
            products = products[:, :, None] * each[:, place, None]
            products = ops.reshape(products, (-1, products.shape[1] * self.count))
        return products

    def _functions(self, u):
        """(batch, inputs) -> (batch, inputs, count)."""
        u = u[..., None]
        if self.kind == "rbf":
            distance = 2 / max(1, self.count - 1)
            centers = distance * (np.arange(self.count) - (self.count - 1) / 2)
            return ops.exp(-ops.square((u - ops.cast(centers, u.dtype)) / distance) / 2)
        if self.kind == "fourier":
            angles = ops.cast(np.pi * ((np.arange(1, self.count) + 1) // 2), u.dtype) * u
            odd = np.arange(1, self.count) % 2 == 1
            waves = ops.where(odd, ops.cos(angles), ops.sin(angles))
            return ops.concatenate([ops.ones_like(u), waves], axis=-1)
        values = [ops.ones_like(u), u]
        for degree in range(2, self.count):
            values.append(((2 * degree - 1) * u * values[-1] - (degree - 1) * values[-2]) / degree)
        return ops.concatenate(values[: self.count], axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.count ** input_shape[1])

    def get_config(self):
        return {**super().get_config(), "kind": self.kind, "count": self.count, "domain": self.domain}
