"""Multilayer perceptrons compute what their definition says, under the same weights."""

import numpy as np
import pytest

import keras_dl

ACTIVATIONS = {"relu": lambda x: np.maximum(x, 0), "tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x))}


def random_weights(model):
    generator = np.random.default_rng(0)
    for weight in model.weights:
        low = 0.5 if "variance" in weight.path else -1.0
        weight.assign(generator.uniform(low, 1.0, weight.shape))
    return {weight.path: weight.numpy().astype("float64") for weight in model.weights}


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_outputs_are_those_of_the_definition(activation, normalization):
    config = keras_dl.get_config(
        "mlp", input_shape=(2, 3), hidden=(5, 4), depth=2, classes=3, activation=activation,
        normalization=normalization, dropout=0.5, input_dropout=0.2, input_scale=0.5,
    )  # fmt: skip
    model = config.build()
    weights = random_weights(model)
    inputs = np.random.default_rng(1).normal(size=(7, 2, 3))
    x = 0.5 * inputs.reshape(7, 6)
    for index in range(1, 5):
        x = x @ weights[f"stage{index}_dense/kernel"] + weights[f"stage{index}_dense/bias"]
        norm = f"stage{index}_norm"
        if normalization == "batch":
            x = (x - weights[f"{norm}/moving_mean"]) / np.sqrt(weights[f"{norm}/moving_variance"] + 1e-3)
        elif normalization == "layer":
            x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-3)
        if normalization:
            x = x * weights[f"{norm}/gamma"] + weights[f"{norm}/beta"]
        x = ACTIVATIONS[activation](x)
    x = x @ weights["head/kernel"] + weights["head/bias"]
    np.testing.assert_allclose(model(inputs.astype("float32")), x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": 0}, "classes must be at least 1, got 0"),
        ({"classes": 1, "classifier_activation": "softmax"}, "softmax over 1 class is always 1"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1"),
        ({"max_norm": 0.0}, "max_norm must be above 0"),
        ({"input_shape": (0,)}, "input_shape must have positive sizes"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError, match=words):
        keras_dl.get_config("mlp", **changes)
