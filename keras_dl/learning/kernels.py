"""The kernels of any network: the weights that multiply what comes in, and which of their axes those are."""

from __future__ import annotations

from collections.abc import Iterator

from keras_dl.lazy import keras, layers


def kernels(model: keras.Model) -> Iterator[tuple[keras.Variable, tuple[int, ...]]]:
    """Every kernel of `model`, and its axes that lead into one unit: all but the last in Dense and Conv2D.

    Kernels are the variables of two axes or more that a layer could train and whose name ends in "kernel". So biases,
    scales and shifts of normalisations, position embeddings and class tokens are none. Where a table of connections
    tells which maps meet, as in LeCunConv2D, each pair of maps counts as a unit.
    """
    for layer in model._flatten_layers(include_self=False):
        for variable in layer._trainable_variables:
            if variable.name.endswith("kernel") and len(variable.shape) > 1:
                yield variable, _incoming(layer, variable)


def _incoming(layer: keras.layers.Layer, variable: keras.Variable) -> tuple[int, ...]:
    last = len(variable.shape) - 1
    depthwise = isinstance(layer, keras.layers.DepthwiseConv1D | keras.layers.DepthwiseConv2D)
    if depthwise or variable.name == "depthwise_kernel":
        return tuple(range(last - 1))
    if isinstance(layer, keras.layers.Conv1DTranspose | keras.layers.Conv2DTranspose | keras.layers.Conv3DTranspose):
        return (*range(last - 1), last)
    if isinstance(layer, layers.LocallyConnected2D):
        return (last,)
    if isinstance(layer, keras.layers.EinsumDense):
        _inputs, kernel, outputs = layer.equation.replace("->", ",").split(",")
        return tuple(axis for axis, letter in enumerate(kernel) if letter not in outputs)
    return tuple(range(last))
