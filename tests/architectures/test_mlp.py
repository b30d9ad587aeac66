"""Multilayer perceptrons compute what their definition says, under the same weights."""

import keras
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


@pytest.mark.parametrize("position", ["before", "after"])
def test_layers_are_normalised_before_or_after_their_activation(position):
    model = keras_dl.build("mlp", hidden=(6,), input_shape=(4,), normalization="batch", normalization_position=position)
    order = [layer.name.partition("_")[2] for layer in model.layers if layer.name.startswith("stage1")]
    assert order == ["dense", *(["norm", "activation"] if position == "before" else ["activation", "norm"])]
    outputs = keras.Model(model.input, model.get_layer(f"stage1_{order[-1]}").output)
    values = outputs(np.random.default_rng(0).normal(size=(50, 4)).astype("float32"), training=True).numpy()
    assert (values.min() >= 0) == (position == "before")
    assert (np.abs(values.mean(axis=0)).max() < 1e-5) == (position == "after")


def test_skip_connections_span_so_many_layers_and_cost_no_weights():
    changes = {"hidden": (5,), "depth": 5, "input_shape": (3,), "activation": "tanh"}
    plain, model = (keras_dl.build("mlp", **changes, residual=span) for span in (0, 2))
    assert model.count_params() == plain.count_params()
    weights = random_weights(model)
    inputs = np.random.default_rng(1).normal(size=(7, 3))
    x, skipped = inputs, None
    for index in range(1, 6):
        x = np.tanh(x @ weights[f"stage{index}_dense/kernel"] + weights[f"stage{index}_dense/bias"])
        if index in (3, 5):
            x = x + skipped
        if index in (1, 3, 5):
            skipped = x
    expected = x @ weights["head/kernel"] + weights["head/bias"]
    np.testing.assert_allclose(model(inputs.astype("float32")), expected, rtol=1e-4, atol=1e-5)


def test_weights_are_dropped_and_bounded_as_declared():
    changes = {"hidden": (6, 6), "input_shape": (4,)}
    kinds = {
        "Dense": {"max_norm": 2.0},
        "DropConnect": {"drop_connect": 0.5, "max_norm": 2.0},
        "BoundedDense": {"max_norm": 2.0, "max_norm_form": "reparametrization"},
    }
    for kind, fields in kinds.items():
        model = keras_dl.build("mlp", **changes, **fields)
        layers = [model.get_layer(f"stage{index}_dense") for index in (1, 2)]
        assert {type(layer).__name__ for layer in layers} == {kind}
        assert {getattr(layer.kernel.constraint, "max_value", None) for layer in layers} == {
            None if kind == "BoundedDense" else 2.0
        }
        assert model.count_params() == keras_dl.describe("mlp", **changes).parameters
    assert {layer.rate for layer in keras_dl.build("mlp", drop_connect=0.25).layers if hasattr(layer, "rate")} == {0.25}


def test_initial_weights_are_drawn_as_declared():
    model = keras_dl.build("mlp", hidden=(500,), depth=2, kernel_initializer="he_normal")
    assert model.get_layer("stage2_dense").kernel.numpy().std() == pytest.approx((2 / 500) ** 0.5, rel=0.02)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": 0}, "classes must be at least 1, got 0"),
        ({"classes": 1, "classifier_activation": "softmax"}, "softmax over 1 class is always 1"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1"),
        ({"max_norm": 0.0}, "max_norm must be above 0"),
        ({"residual": -1}, "residual must be at least 0, got -1"),
        ({"residual": 1}, "residual needs hidden layers of one width, got 128, 64"),
        ({"drop_connect": 1.0}, "drop_connect must be at least 0 and below 1"),
        (
            {"drop_connect": 0.5, "max_norm": 1.0, "max_norm_form": "reparametrization"},
            "drop_connect goes with max_norm_form='projection' only",
        ),
        ({"input_shape": (0,)}, "input_shape must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError, match=words):
        keras_dl.get_config("mlp", **changes)
