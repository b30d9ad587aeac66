"""Layers as y = W x + c, in the parts that the rules of relevance propagation ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Self

from keras_dl.lazy import keras, tf


@dataclasses.dataclass(frozen=True)
class Affine:
    """`linear` is x -> W x, `positive` and `negative` keep the entries of W above and below 0, `constant` gives c.

    All three take the layer's inputs, (batch, ...) each, and give its outputs; c has a batch of 1, or is a number.
    """

    linear: Callable
    positive: Callable
    negative: Callable
    constant: Callable[[], tf.Tensor | float]

    def then(self, scale: tf.Tensor, shift: tf.Tensor) -> Self:
        """This and then a layer that multiplies by `scale` and adds `shift`, as one: W and c are merged."""
        up, down = tf.nn.relu(scale), -tf.nn.relu(-scale)
        return Affine(
            lambda *x: scale * self.linear(*x),
            lambda *x: up * self.positive(*x) + down * self.negative(*x),
            lambda *x: up * self.negative(*x) + down * self.positive(*x),
            lambda: scale * self.constant() + shift,
        )


def above_zero(linear: Callable) -> Affine:
    """A linear function none of whose factors is negative, such as an average."""
    return Affine(linear, linear, lambda *x: tf.zeros_like(linear(*x)), lambda: 0.0)


def learned(layer: keras.layers.Layer) -> list[Affine]:
    """A layer with one kernel, without its activation; a separable convolution as the two that it is made of.

    A background that a layer pads with belongs to its constant, as the bias does.
    """
    shape = layer.input.shape
    if not isinstance(layer, keras.layers.SeparableConv2D):
        return [_learned(_bare(type(layer), layer.get_config(), shape), layer.weights, shape)]
    options = {key: getattr(layer, key) for key in ("kernel_size", "strides", "padding", "dilation_rate")}
    options |= {"depth_multiplier": layer.depth_multiplier, "use_bias": False}
    depthwise = _bare(keras.layers.DepthwiseConv2D, options, shape)
    middle = depthwise.compute_output_shape(shape)
    pointwise = {"filters": layer.filters, "kernel_size": 1, "use_bias": layer.use_bias}
    return [
        _learned(depthwise, [layer.depthwise_kernel], shape),
        _learned(_bare(keras.layers.Conv2D, pointwise, middle), layer.weights[1:], middle),
    ]


def scaling(layer: keras.layers.Layer) -> tuple[tf.Tensor, tf.Tensor]:
    """What `layer`, which scales and shifts each value by itself, multiplies by and adds: (1, ...) each."""
    x = tf.zeros((1, *layer.input.shape[1:]))
    with tf.GradientTape() as tape:
        tape.watch(x)
        shift = layer(x, training=False) if isinstance(layer, keras.layers.BatchNormalization) else layer(x)
    return tape.gradient(shift, x), shift


def of_scaling(layer: keras.layers.Layer) -> Affine:
    """Such a layer by itself."""
    scale, shift = scaling(layer)
    return above_zero(lambda x: x).then(scale, shift)


def constant_normalizer(layer: keras.layers.LayerNormalization, x: tf.Tensor) -> Affine:
    """Layer normalisation of the last axis at `x`, its standard deviation held constant (Ali et al. 2022, ICML)."""
    deviation = tf.sqrt(tf.math.reduce_variance(x, axis=-1, keepdims=True) + layer.epsilon)
    gain = (1.0 if layer.gamma is None else layer.gamma) / deviation
    return _signless(
        lambda v: gain * (v - tf.reduce_mean(v, axis=-1, keepdims=True)), 0.0 if layer.beta is None else layer.beta
    )


def constant_attention(layer: keras.layers.MultiHeadAttention, query, value, key) -> Affine:
    """Attention as a function of its values, its weights held constant (Ali et al. 2022, ICML)."""
    constant = layer(query, tf.zeros_like(value), key=key, training=False)
    return _signless(lambda v: layer(query, v, key=key, training=False) - constant, constant)


def probed(layer: keras.layers.Layer) -> Affine:
    """A layer that adds constants to some of its outputs and moves its inputs to the others."""
    constant = layer(tf.zeros((1, *layer.input.shape[1:])))
    return dataclasses.replace(above_zero(lambda x: layer(x) - constant), constant=lambda: constant)


def _signless(linear: Callable, constant) -> Affine:
    """For the epsilon rule alone, which does not ask for the signs of W."""
    return Affine(linear, None, None, lambda: constant)


def _learned(bare: keras.layers.Layer, variables: list, shape: tuple) -> Affine:
    """The affine map of `bare`, a layer without activation and weights, with the values of `variables`."""
    plain = bare
    if getattr(bare, "padding_value", 0.0):
        plain = _bare(type(bare), bare.get_config() | {"padding_value": 0.0}, shape)

    def apply(layer, x, kernel, bias):
        values = [(bias if variable.name == "bias" else kernel)(variable.value) for variable in variables]
        return layer.stateless_call(values, [], x)[0]

    def same(value):
        return value

    return Affine(
        lambda x: apply(plain, x, same, tf.zeros_like),
        lambda x: apply(plain, x, tf.nn.relu, tf.zeros_like),
        lambda x: apply(plain, x, lambda w: -tf.nn.relu(-w), tf.zeros_like),
        lambda: apply(bare, tf.zeros((1, *shape[1:])), same, same),
    )


def _bare(kind: type, config: dict, shape: tuple) -> keras.layers.Layer:
    """A layer of this `kind` without activation, built for inputs of `shape`; none of its weights is allocated."""
    with keras.StatelessScope(initialize_variables=False):
        layer = kind.from_config(config | {"activation": "linear", "trainable": True})
        layer.build(shape)
    return layer
