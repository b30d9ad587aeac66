"""Layer-wise relevance propagation and deep Taylor decomposition, layer by layer through any graph of known layers.

Relevance starts as the logit and stops at the normalised pixels. `rules` has the rules and their papers, `plan` says
what each kind of layer does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from keras_dl.errors import UsageError, choose
from keras_dl.explain.network import Question, activation_name, ask, normalizing, sources
from keras_dl.explain.plan import is_moving, plan
from keras_dl.explain.rules import Rule
from keras_dl.lazy import keras, tf

RULES = ("alpha_beta", "epsilon", "zplus")


def lrp(
    model: keras.Model,
    pictures: np.ndarray,
    classes: Sequence[int],
    *,
    rule: str = "epsilon",
    first: str | None = None,
    alpha: float = 2.0,
    epsilon: float = 1e-6,
    biases: bool = True,
    bounds: tuple[float, float] = (0.0, 255.0),
) -> np.ndarray:
    """The relevance of every normalised pixel for the logit, in the shape of `pictures`.

    Args:
        rule: "epsilon" (LRP-0 where `epsilon` is 0), "alpha_beta", or "zplus": alpha-beta with alpha 1, without biases.
        first: "zbox" shares what reaches the first affine layer by the zB rule, for pixels within `bounds`; by default
            that layer has the `rule`.
        alpha: weight of positive parts, 1 or more; negative parts get 1 - alpha.
        epsilon: added to every denominator, away from 0.
        biases: whether biases take their share, which no pixel then has. Without, the relevance of the pixels adds up
            to the logit under the epsilon and z+ rules, as far as `epsilon` allows.
        bounds: lowest and highest value of a pixel before normalisation.

    Raises `UsageError` for a layer that has no rule, for an unknown rule, and for inputs that do not fit.
    """
    if choose("rule", rule, RULES) == "alpha_beta" and not 1 <= alpha < np.inf:
        raise UsageError(f"alpha must be at least 1 and finite, got {alpha}")
    if first is not None:
        choose("first rule", first, ("zbox",))
    if not 0 <= epsilon < np.inf:
        raise UsageError(f"epsilon must be at least 0 and finite, got {epsilon}")
    weight = {"epsilon": None, "alpha_beta": alpha, "zplus": 1.0}[rule]
    share = Rule(weight, epsilon, biases and rule != "zplus")
    return _propagate(ask(model, pictures, classes), share, first, bounds, lambda logit: logit)


def deep_taylor(
    model: keras.Model,
    pictures: np.ndarray,
    classes: Sequence[int],
    *,
    epsilon: float = 1e-6,
    bounds: tuple[float, float] = (0.0, 255.0),
) -> np.ndarray:
    """Deep Taylor decomposition of the rectified logit: z+ in hidden layers, zB at the first; `lrp` has the arguments.

    No relevance is below 0, and it adds up to the logit, or to 0 where that is negative: in a network whose biases are
    not positive, as the theory asks; a unit that is active by its bias alone loses its own. Raises `UsageError` for a
    network with other activations than relu and relu6, and as `lrp` does.
    """
    question = ask(model, pictures, classes)
    for layer in question.network.layers:
        if activation_name(layer) not in ("linear", "relu", "relu6"):
            raise UsageError(
                f"deep Taylor decomposition is of rectified units; {layer.name} has the activation "
                f"{activation_name(layer)}; use lrp"
            )
    return _propagate(question, Rule(1.0, epsilon, biases=False), "zbox", bounds, tf.nn.relu)


def _propagate(question: Question, rule: Rule, first: str | None, bounds: tuple, rectify: Callable) -> np.ndarray:
    network, pixels = question.network, normalizing(question.network)[-1].name
    backward = plan(network, rule)
    every = keras.Model(network.input, {layer.name: layer.output for layer in network.layers})
    values = every(question.x, training=False)
    boxes = _boxes(network, every, bounds) if first else {}
    end = network.output._keras_history.operation.name
    relevance = {end: rectify(question.chosen(values[end]))}
    for layer in reversed(network.layers):
        if layer.name in backward and layer.name in relevance:
            before = sources(layer)
            inputs, arrived = [values[source.name] for source in before], relevance.pop(layer.name)
            shares = backward[layer.name](inputs, arrived, boxes.get(before[0].name))
            for source, share in zip(before, shares, strict=True):
                if share is not None:
                    relevance[source.name] = relevance.get(source.name, 0.0) + share
    return tf.reshape(relevance[pixels], question.x.shape).numpy()


def _boxes(network: keras.Model, every: keras.Model, bounds: tuple[float, float]) -> dict[str, tuple]:
    """The lowest and highest values of the outputs, (1, ...), of the layers that do no more than move pixels."""
    moving = [normalizing(network)[-1].name]
    for layer in network.layers:
        if is_moving(layer) and {source.name for source in sources(layer)} <= set(moving):
            moving.append(layer.name)
    shape = network.input.shape[1:]
    corners = every(tf.stack([tf.fill(shape, float(bound)) for bound in bounds]), training=False)
    return {
        name: (tf.reduce_min(corners[name], axis=0, keepdims=True), tf.reduce_max(corners[name], axis=0, keepdims=True))
        for name in moving
    }
