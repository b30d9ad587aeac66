"""Relevance: conserved, equal to gradient x input where it must be, and to the formulas written out in NumPy."""

import numpy as np
import pytest

from keras_dl import UsageError, explain, get_config
from keras_dl.lazy import keras

BIAS_FREE = {
    "mlp": {"input_shape": (6, 6, 1), "hidden": (16, 8), "input_scale": 1 / 255},
    "lenet_like": {"input_shape": (16, 16, 1), "filters": (4, 8), "units": (16,)},
    "nakkiran_cnn5": {"input_shape": (8, 8, 3), "k": 4},
    "resnet20": {"input_shape": (8, 8, 3), "filters": 4, "blocks": 1},
    "zhang_small_inception": {"input_shape": (28, 28, 3)},
    "lecun1989_modern": {},
}
"""networks of rectified units: dense, max pooling, batch normalisation, sums, joined branches, connection tables"""


def built(name, **changes):
    keras.utils.set_random_seed(0)
    return get_config(name, **changes).build()


def pictures(model, count=3):
    return np.random.default_rng(1).uniform(0, 255, (count, *model.input_shape[1:])).astype("float32")


def totals(maps):
    return maps.reshape(len(maps), -1).sum(axis=1)


@pytest.fixture(scope="module", params=BIAS_FREE)
def rectified(request):
    model = explain.without_biases(built(request.param, **BIAS_FREE[request.param]))
    generator = np.random.default_rng(0)
    for variable in model.weights:
        if variable.name in ("gamma", "moving_variance"):
            variable.assign(np.exp(0.3 * generator.normal(size=variable.shape)))
    x = pictures(model)
    logits = model(x, training=False).numpy()
    classes = logits.argmax(axis=1)
    return model, x, classes, logits.max(axis=1)


def test_relevance_is_conserved(rectified):
    model, x, classes, logits = rectified
    assert (logits > 1e-3).all()
    for rule in ("epsilon", "zplus"):
        maps = explain.lrp(model, x, classes, rule=rule, epsilon=1e-9)
        np.testing.assert_allclose(totals(maps), logits, rtol=1e-3, err_msg=rule)


def test_lrp_0_is_gradient_x_input(rectified):
    model, x, classes, _ = rectified
    ours, theirs = explain.lrp(model, x, classes, epsilon=0.0), explain.gradient_x_input(model, x, classes)
    assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


def test_deep_taylor_is_conserved_and_nowhere_negative(rectified):
    model, x, classes, logits = rectified
    maps = explain.deep_taylor(model, x, classes, epsilon=1e-9)
    assert maps.min() >= 0
    np.testing.assert_allclose(totals(maps), logits, rtol=1e-3)


def test_a_negative_logit_has_no_deep_taylor_decomposition():
    model = explain.without_biases(built("mlp", **BIAS_FREE["mlp"]))
    x = pictures(model)
    logits = model(x).numpy()
    maps = explain.deep_taylor(model, x, logits.argmin(axis=1))
    assert (logits.min(axis=1) < 0).all()
    assert not maps.any()


def test_z_plus_is_alpha_1_beta_0_without_biases():
    model = built("lenet_like", **BIAS_FREE["lenet_like"])
    for layer in model.layers:
        if layer.weights:
            layer.bias.assign(np.random.default_rng(2).normal(size=layer.bias.shape))
    x = pictures(model)
    maps = {rule: explain.lrp(model, x, [0, 1, 2], rule=rule, alpha=1.0) for rule in ("zplus", "alpha_beta")}
    dropped = explain.lrp(model, x, [0, 1, 2], rule="alpha_beta", alpha=1.0, biases=False)
    np.testing.assert_allclose(maps["zplus"], dropped, rtol=1e-5, atol=1e-7)
    assert not np.allclose(maps["zplus"], maps["alpha_beta"], rtol=0.05)


def written_out(x, layers, classes, rule):
    """The relevance of `x` (n, inputs), in 0..1, in a rectified network of (kernel, bias), part by part in float64."""
    values = [x]
    for kernel, bias in layers:
        values.append(np.maximum(values[-1] @ kernel + bias, 0))
    logits = values[-2] @ layers[-1][0] + layers[-1][1]
    relevance = np.zeros_like(logits)
    relevance[range(len(x)), classes] = logits[range(len(x)), classes]
    for (kernel, bias), below in zip(reversed(layers), reversed(values[:-1]), strict=True):
        parts, tiny = below[:, :, None] * kernel, 1e-12
        if rule == "zbox" and below is x:
            parts = parts - np.minimum(kernel, 0)  # bounds 0 and 1
            shares = parts / parts.sum(axis=1, keepdims=True)
        elif rule == "epsilon":
            shares = parts / (parts.sum(axis=1, keepdims=True) + bias)
        else:
            up, down = np.maximum(parts, 0), np.minimum(parts, 0)
            shares = up / (tiny + up.sum(axis=1, keepdims=True) + (rule == "alpha_beta") * np.maximum(bias, 0))
            if rule == "alpha_beta":
                shares = 2 * shares - down / (-tiny + down.sum(axis=1, keepdims=True) + np.minimum(bias, 0))
        relevance = np.einsum("nij,nj->ni", shares, relevance)
    return relevance


@pytest.mark.parametrize("rule", ["epsilon", "alpha_beta", "zplus", "zbox"])
def test_the_rules_are_the_formulas(rule):
    model = built("mlp", input_shape=(4, 4, 1), hidden=(12, 8), classes=4, input_scale=1 / 255)
    generator = np.random.default_rng(3)
    for variable in model.weights:
        variable.assign(generator.normal(size=variable.shape, scale=0.5))
    x, classes = pictures(model), [0, 3, 2]
    weights = [layer.get_weights() for layer in model.layers if layer.weights]
    expected = written_out(x.reshape(3, -1) / 255.0, weights, classes, rule)
    options = {"rule": "zplus", "first": "zbox"} if rule == "zbox" else {"rule": rule}
    maps = explain.lrp(model, x, classes, epsilon=1e-9, **options)
    np.testing.assert_allclose(maps.reshape(3, -1), expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())
    assert np.abs(expected).max() > 0.01


def test_batch_normalization_is_merged():
    """A network with it, and one without it whose kernels and biases are the merged ones, have the same relevance."""
    config = get_config("mlp", input_shape=(4, 4, 1), hidden=(12, 8), classes=4, input_scale=1 / 255)
    plain, normalized = config.build(), config.replace(normalization="batch").build()
    generator = np.random.default_rng(4)
    for variable in normalized.weights:
        values = generator.normal(size=variable.shape)
        variable.assign(values**2 + 0.1 if "variance" in variable.name else values)
    for index in (1, 2):
        kernel, bias = normalized.get_layer(f"stage{index}_dense").get_weights()
        gamma, beta, mean, variance = normalized.get_layer(f"stage{index}_norm").get_weights()
        scale = gamma / np.sqrt(variance + 1e-3)
        plain.get_layer(f"stage{index}_dense").set_weights([kernel * scale, (bias - mean) * scale + beta])
    plain.get_layer("head").set_weights(normalized.get_layer("head").get_weights())
    x = pictures(plain)
    for rule in ("epsilon", "alpha_beta", "zplus"):
        ours, theirs = (explain.lrp(model, x, [0, 1, 2], rule=rule) for model in (normalized, plain))
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4 * np.abs(theirs).max())
        assert theirs.any()


def test_separable_convolutions_and_normalization_behind_a_join():
    """As NASNet has them: nothing can be merged, and LRP-0 is gradient x input all the same."""
    pixels = keras.Input((6, 6, 2), name="image")
    halves = [keras.layers.SeparableConv2D(3, 3, padding="same", name=f"half{i}")(pixels) for i in (1, 2)]
    x = keras.layers.BatchNormalization(name="norm")(keras.layers.Concatenate(name="join")(halves))
    x = keras.layers.Activation("relu", name="relu")(x)
    x = keras.layers.AveragePooling2D(2, padding="same", name="pool")(x)
    x = keras.layers.Dense(3, name="head")(keras.layers.Flatten(name="flatten")(x))
    model = keras.Model(pixels, x)
    generator = np.random.default_rng(5)
    for variable in model.weights:
        values = generator.normal(size=variable.shape)
        variable.assign(values**2 + 0.1 if "variance" in variable.name else values)
    x = pictures(model) / 255
    ours, theirs = explain.lrp(model, x, [0, 1, 2], epsilon=0.0), explain.gradient_x_input(model, x, [0, 1, 2])
    assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


def test_a_background_is_a_bias():
    """LeCun's convolutions see -1 outside of the picture: that is no pixel's relevance."""
    model = built("lecun1989_modern")
    x = np.full((1, 16, 16, 1), 127.5, "float32")  # normalised to 0: only the background and the biases are seen
    assert np.abs(model(x, training=False)).max() > 0.01
    assert not explain.lrp(model, x, [0]).any()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("mlp", {"rule": "alpha_beta", "alpha": 0.5}, "alpha must be at least 1 and finite, got 0.5"),
        ("mlp", {"rule": "gamma"}, "unknown rule 'gamma'"),
        ("mlp", {"first": "w2"}, "unknown first rule 'w2'"),
        ("mlp", {"epsilon": -1.0}, "epsilon must be at least 0 and finite, got -1.0"),
    ],
)
def test_options_that_do_not_work(name, options, words):
    with pytest.raises(UsageError, match=words):
        explain.lrp(built(name), np.zeros((1, 784)), [0], **options)


def test_layers_without_a_rule_are_named():
    tokens = built("vit_ti16", input_shape=(32, 32, 3), heads=1, head_width=8, blocks=1)
    with pytest.raises(UsageError, match="stage1_norm1, a LayerNormalization, has only the epsilon rule"):
        explain.lrp(tokens, pictures(tokens, 1), [0], rule="zplus")
    x = keras.Input((4,), name="features")
    unknown = keras.Model(x, keras.layers.Dense(2)(keras.layers.UnitNormalization(name="length")(x)))
    with pytest.raises(UsageError, match="no rule for length, a UnitNormalization; use a gradient method"):
        explain.lrp(unknown, np.ones((1, 4)), [0])
    product = keras.Model(x, keras.layers.Dense(2)(keras.layers.Multiply(name="square")([x, x])))
    with pytest.raises(UsageError, match="no rule for square, a product without a gate"):
        explain.lrp(product, np.ones((1, 4)), [0])
    smooth = built("mlp", activation="gelu")
    with pytest.raises(UsageError, match="rectified units; stage1_activation has the activation gelu; use lrp"):
        explain.deep_taylor(smooth, np.zeros((1, 784)), [0])
