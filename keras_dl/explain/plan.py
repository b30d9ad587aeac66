"""What each kind of layer does with the relevance of its outputs.

- An affine layer shares it by the rule. Batch normalisation is merged into the layer before it where nothing else
  reads that layer. Where it cannot be, the epsilon rule takes it as a layer of its own, the others let relevance
  through unchanged.
- Sums and averages are affine too: each branch gets its part in proportion to what it adds.
- Maximum pooling gives it to the winner. Padding, cropping, joining and reshaping move it.
- Elementwise activations and local response normalisation let it through unchanged.
- A gate, which is a sigmoid that something is multiplied by, gets none: all goes to what is weighted (Arras et al.
  2017, "Explaining recurrent neural network predictions in sentiment analysis", WASSA).
- Layer normalisation and attention are taken as linear at their inputs, the standard deviation and the attention
  weights held constant (Ali et al. 2022, "XAI for Transformers", ICML); that asks for the epsilon rule.
- Outputs that are squared distances share it in proportion to the squares.

A layer of another kind is refused by name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from keras_dl.errors import UsageError
from keras_dl.explain.affine import (
    Affine,
    above_zero,
    constant_attention,
    constant_normalizer,
    learned,
    of_scaling,
    probed,
    scaling,
)
from keras_dl.explain.network import activation_name, consumers, normalizing, sources
from keras_dl.explain.rules import Rule, box
from keras_dl.lazy import keras, layers, tf


def plan(network: keras.Model, rule: Rule) -> dict[str, Callable]:
    """For the name of each layer behind the normalised pixels, a function from relevance of outputs to that of inputs.

    It takes the layer's inputs, a list of tensors; the relevance of its outputs; and the bounds of its input, a pair
    of tensors, where the zB rule is wanted. It gives a tensor for each input, None where that gets nothing. Raises
    `UsageError` for a layer without a rule.
    """
    steps = {layer.name: None for layer in normalizing(network)}
    readers = consumers(network)
    for layer in network.layers:
        if layer.name in steps:
            continue
        stages = _learned_stages(layer)
        if stages is None:
            steps[layer.name] = _step(layer, rule)
            continue
        last = layer
        while activation_name(last) == "linear" and len(readers[last.name]) == 1 and _scales(readers[last.name][0]):
            last = readers[last.name][0]
            stages[-1] = stages[-1].then(*scaling(last))
            steps[last.name] = _unchanged
        steps[layer.name] = functools.partial(_shared, stages, rule)
    return {name: step for name, step in steps.items() if step is not None}


def is_moving(layer: keras.layers.Layer) -> bool:
    """Whether each output of `layer`, when it is not trained, is one of its inputs or 0."""
    return isinstance(
        layer,
        keras.layers.Flatten
        | keras.layers.Reshape
        | keras.layers.Dropout
        | keras.layers.SpatialDropout2D
        | keras.layers.ZeroPadding2D
        | keras.layers.Cropping1D
        | keras.layers.Cropping2D
        | keras.layers.Concatenate
        | keras.layers.MaxPooling2D
        | keras.layers.GlobalMaxPooling2D,
    )


def _learned_stages(layer: keras.layers.Layer) -> list[Affine] | None:
    match layer:
        case (
            keras.layers.Dense()
            | keras.layers.Conv2D()
            | keras.layers.Conv2DTranspose()
            | keras.layers.DepthwiseConv2D()
            | keras.layers.SeparableConv2D()
            | layers.LeCunConv2D()
            | layers.LocallyConnected2D()
            | layers.TrainableSubsampling2D()
        ):
            return learned(layer)
    return None


def _step(layer: keras.layers.Layer, rule: Rule) -> Callable:
    match layer:
        case _ if is_moving(layer):
            return functools.partial(_moved, layer)
        case keras.layers.AveragePooling2D() | keras.layers.GlobalAveragePooling2D():
            return functools.partial(_shared, [above_zero(layer)], rule)
        case keras.layers.Add():
            return functools.partial(_shared, [above_zero(lambda *x: tf.add_n(x))], rule)
        case layers.ClassTokenAndPositions():
            return functools.partial(_shared, [probed(layer)], rule)
        case (
            keras.layers.Activation()
            | keras.layers.ReLU()
            | keras.layers.LeakyReLU()
            | keras.layers.PReLU()
            | keras.layers.ELU()
            | layers.LocalResponseNormalization()
        ):
            return _unchanged
        case _ if _scales(layer):
            return _unchanged if rule.alpha else functools.partial(_shared, [of_scaling(layer)], rule)
        case keras.layers.Multiply():
            return functools.partial(_gated, _signal(layer))
        case keras.layers.LayerNormalization() | keras.layers.MultiHeadAttention():
            if rule.alpha is not None:
                raise UsageError(
                    f"{layer.name}, a {type(layer).__name__}, has only the epsilon rule; use rule='epsilon'"
                )
            return functools.partial(_held, layer, rule)
        case layers.RBFOutput():
            return functools.partial(_distances, layer)
    raise UsageError(f"relevance has no rule for {layer.name}, a {type(layer).__name__}; use a gradient method")


def _scales(layer: keras.layers.Layer) -> bool:
    """Whether `layer`, when it is not trained, multiplies each value by a number and adds another."""
    return isinstance(layer, keras.layers.BatchNormalization | keras.layers.Rescaling | layers.StoredNormalization)


def _shared(stages: list[Affine], rule: Rule, inputs, relevance, bounds):
    inputs = [inputs]
    for stage in stages[:-1]:
        inputs.append([stage.linear(*inputs[-1]) + stage.constant()])
    for stage, values in zip(reversed(stages[1:]), reversed(inputs[1:]), strict=True):
        (relevance,) = rule(stage, values, relevance)
    if bounds is None:
        return rule(stages[0], inputs[0], relevance)
    (x,) = inputs[0]
    low, high = (tf.broadcast_to(bound, x.shape) for bound in bounds)
    return [box(stages[0], x, low, high, relevance, rule.epsilon)]


def _moved(layer, inputs, relevance, bounds):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs if isinstance(layer.input, list) else inputs[0])
    return tape.gradient(outputs, inputs, output_gradients=relevance)


def _unchanged(inputs, relevance, bounds):
    return [relevance]


def _signal(layer: keras.layers.Multiply) -> int:
    """Which input of `layer` is weighted: the only one that does not come from a sigmoid."""
    signals = [index for index, source in enumerate(sources(layer)) if activation_name(source) != "sigmoid"]
    if len(signals) != 1:
        raise UsageError(f"relevance has no rule for {layer.name}, a product without a gate; use a gradient method")
    return signals[0]


def _gated(signal: int, inputs, relevance, bounds):
    return [relevance if index == signal else None for index in range(len(inputs))]


def _held(layer, rule: Rule, inputs, relevance, bounds):
    if isinstance(layer, keras.layers.LayerNormalization):
        return rule(constant_normalizer(layer, *inputs), inputs, relevance)
    query, value, key = (*inputs, inputs[1])[:3]
    (share,) = rule(constant_attention(layer, query, value, key), [value], relevance)
    return [None, share, None][: len(inputs)]


def _distances(layer: layers.RBFOutput, inputs, relevance, bounds):
    squares = tf.square(inputs[0][:, None] - layer.codes.value)
    shares = tf.math.divide_no_nan(squares, tf.reduce_sum(squares, axis=-1, keepdims=True))
    return [tf.reduce_sum(relevance[..., None] * shares, axis=1)]
