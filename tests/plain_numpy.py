"""What the restatements of networks in plain numpy share."""

import numpy as np


def windows(x, size, stride=1, fill=0.0):
    """The fields of a picture: (height, width, channels) -> (rows, columns, size, size, channels).

    The border is TensorFlow's SAME, of the value `fill`: the odd pixel is at the lower and at the right side.
    """
    rows, columns = (-(-n // stride) for n in x.shape[:2])
    border = [max(0, (n - 1) * stride + size - m) for n, m in ((rows, x.shape[0]), (columns, x.shape[1]))]
    x = np.pad(x, [*((n // 2, n - n // 2) for n in border), (0, 0)], constant_values=fill)
    places = [(slice(r * stride, r * stride + size), c * stride) for r in range(rows) for c in range(columns)]
    fields = np.array([x[r, c : c + size] for r, c in places])
    return fields.reshape(rows, columns, *fields.shape[1:])


def random_weights(model):
    """Give `model` weights as after training, gains and variances above 0; all of them by their paths."""
    generator = np.random.default_rng(0)
    for variable in model.weights:
        noise = generator.normal(size=variable.shape)
        variable.assign(np.abs(noise) + 0.5 if variable.name.endswith(("variance", "gamma")) else noise / 3)
    return {variable.path: variable.numpy().astype("float64") for variable in model.weights}
