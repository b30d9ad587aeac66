"""Gradients are of the logit by the normalised pixels: weights, differences and parts, whatever stands at the end."""

import numpy as np
import pytest

from keras_dl import UsageError, explain, get_config
from keras_dl.lazy import keras


def pictures(shape, count=3):
    return np.random.default_rng(0).uniform(0, 255, (count, *shape)).astype("float32")


def test_the_map_of_a_linear_network_is_its_weights():
    model = get_config("linear_softmax", input_shape=(4, 5, 1), classes=3, input_scale=1 / 255).build()
    kernel = model.get_layer("head").get_weights()[0]
    x = pictures((4, 5, 1))
    maps = explain.gradient(model, x, [2, 0, 1])
    np.testing.assert_allclose(maps, kernel.T[[2, 0, 1]].reshape(3, 4, 5, 1), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(explain.squared_gradient(model, x, [2, 0, 1]), maps**2)
    parts = explain.gradient_x_input(model, x, [2, 0, 1])
    np.testing.assert_allclose(parts, maps * x / 255, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("lenet5_1998", {}),
        ("lecun1989_zip", {}),
        ("vit_ti16", {"input_shape": (32, 32, 3), "heads": 1, "head_width": 8, "blocks": 1}),
    ],
)
def test_finite_differences(name, changes):
    """Smooth networks: those of rectified units have kinks between any two points."""
    config = get_config(name, **changes)
    keras.utils.set_random_seed(0)
    model = config.build()
    x = pictures(config.input_shape, 1)
    slopes = explain.gradient(model, x, [3])
    direction = np.random.default_rng(1).normal(size=slopes.shape).astype("float32")
    scale = np.broadcast_to(config.pixel_scale, config.input_shape)
    step, logits = 4e-3, explain.logits(model)
    up, down = (logits(x + sign * step * direction / scale)[0, 3] for sign in (1, -1))
    np.testing.assert_allclose((up - down) / (2 * step), np.sum(slopes * direction), rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "activation"),
    [("lenet5_1998", "softmax"), ("minimal_cnn_gap", "softmax"), ("resnet20", "softmax"), ("lecun1989_modern", "tanh")],
)
def test_what_stands_behind_the_logits_changes_nothing(name, activation):
    config = get_config(name)
    plain, probabilities = config.replace(classifier_activation=None), config.replace(classifier_activation=activation)
    plain, probabilities = plain.build(), probabilities.build()
    probabilities.set_weights(plain.get_weights())
    x = pictures(config.input_shape)
    np.testing.assert_allclose(explain.logits(probabilities)(x), plain(x), rtol=1e-4, atol=1e-4)
    ours, theirs = (explain.gradient(model, x, [0, 1, 2]) for model in (probabilities, plain))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())
    assert np.ptp(theirs) > 0


def test_several_outputs_are_explained_by_the_main_one():
    config = get_config("googlenet", auxiliary=True, input_shape=(65, 65, 3), classes=4, width_multiplier=0.25)
    model = config.build()
    x = pictures(config.input_shape, 1)
    np.testing.assert_array_equal(explain.logits(model)(x), model(x)["head"])


@pytest.mark.parametrize(
    ("shape", "classes", "words"),
    [
        ((2, 8, 8, 1), [0, 1], "takes inputs \\(28, 28, 1\\), got an array \\(2, 8, 8, 1\\)"),
        ((2, 28, 28, 1), [0, 10], "classes must be 2 whole numbers from 0 to 9, got \\[0, 10\\]"),
        ((2, 28, 28, 1), [0], "classes must be 2 whole numbers"),
        ((2, 28, 28, 1), [0.0, 1.0], "classes must be 2 whole numbers"),
    ],
)
def test_inputs_that_do_not_fit(shape, classes, words):
    with pytest.raises(UsageError, match=words):
        explain.gradient(get_config("minimal_cnn_gap").build(), np.zeros(shape), classes)
