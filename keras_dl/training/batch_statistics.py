"""Statistics of batch normalisation for a network that has trained a few steps only.

The running averages of BatchNormalization begin at mean 0 and variance 1, and forget that by their momentum alone: the
published ones, 0.99 to 0.9997, are for 100,000 steps. Until then the statistics are estimated anew from some batches,
with the weights as they are: Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm", arXiv:2105.07576, section 3.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from keras_dl.lazy import LazyModule, keras, tf

jax = LazyModule("jax")

TIMES = 10
"""averages are young for so many times 1 / (1 - momentum) steps; then e^-10 of their start is left"""
BATCHES = 20
"""that an estimate is made from, where an epoch has so many"""


class BatchStatistics:
    """The statistics that the BatchNormalization layers of `model` use in inference; frozen layers keep theirs."""

    def __init__(self, model: keras.Model):
        self._model = model
        self._layers = [
            layer
            for layer in model._flatten_layers(include_self=False)
            if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        ]
        self._program = _compiled(self._of_batch)

    def young(self, steps: int) -> list[keras.layers.BatchNormalization]:
        """The layers whose averages still hold their start after so many training steps."""
        return [layer for layer in self._layers if steps * (1 - layer.momentum) < TIMES]

    def all(self) -> list[keras.layers.BatchNormalization]:
        return list(self._layers)

    def estimate(self, layers: Iterable[keras.layers.BatchNormalization], batches: Iterable) -> None:
        """Give `layers` the mean and variance of what reaches them over all examples of `batches`, (x, ...) each.

        The network runs as in training, by the statistics of each batch, but nothing else of it changes.
        """
        places = [self._layers.index(layer) for layer in layers]
        found = [self._counted(x) for x, *_ in batches] if places else []
        total = sum(count for count, _ in found)
        for place in places:
            means, variances = (np.stack([values[place][part] for _, values in found]) for part in (0, 1))
            shares = np.array([count / total for count, _ in found])[:, None]
            mean = (shares * means).sum(axis=0)
            variance = (shares * (variances + np.square(means - mean))).sum(axis=0)
            layer = self._layers[place]
            layer.moving_mean.assign(mean.astype(layer.moving_mean.dtype))
            layer.moving_variance.assign(variance.astype(layer.moving_variance.dtype))

    def _counted(self, x) -> tuple[int, list[tuple[np.ndarray, np.ndarray]]]:
        """The examples of a batch, and the mean and variance of it in every layer, float64."""
        if keras.backend.backend() != "tensorflow":
            x = keras.tree.map_structure(lambda values: values.numpy(), x)
        weights = [[variable.value for variable in group] for group in self._groups()]
        values = [keras.ops.convert_to_numpy(value).astype("float64") for value in self._program(*weights, x)]
        return len(keras.tree.flatten(x)[0]), list(zip(values[::2], values[1::2], strict=True))

    def _of_batch(self, trainable, non_trainable, x) -> list:
        """Mean and variance of the batch `x` in each layer, one after the other; a shared layer's over all its calls.

        What a layer would make of its averages is taken in their place; without momentum these are the batch's own.
        """
        seen = {id(average): [] for layer in self._layers for average in self._averages(layer)}
        momenta = [layer.momentum for layer in self._layers]
        for layer in self._layers:
            layer.momentum = 0.0
            for average in self._averages(layer):
                average.assign = seen[id(average)].append
        try:
            self._model.stateless_call(trainable, non_trainable, x, training=True)
        finally:
            for layer, momentum in zip(self._layers, momenta, strict=True):
                layer.momentum = momentum
                for average in self._averages(layer):
                    del average.assign
        found = []
        for layer in self._layers:
            means, variances = (seen[id(average)] or [average.value] for average in self._averages(layer))
            mean = sum(means) / len(means)
            within = sum(variances) / len(variances)
            found += [mean, within + sum(keras.ops.square(one - mean) for one in means) / len(means)]
        return found

    @staticmethod
    def _averages(layer: keras.layers.BatchNormalization) -> tuple[keras.Variable, keras.Variable]:
        return layer.moving_mean, layer.moving_variance

    def _groups(self) -> tuple[list[keras.Variable], list[keras.Variable]]:
        return self._model.trainable_variables, self._model.non_trainable_variables


def _compiled(function):
    if keras.backend.backend() == "tensorflow":
        return tf.function(function, reduce_retracing=True, autograph=False)
    return jax.jit(function) if keras.backend.backend() == "jax" else function
