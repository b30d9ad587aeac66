"""Every wiring gets a map of every method, or one line that says why not."""

import numpy as np
import pytest

from keras_dl import UsageError, explain, get_config
from keras_dl.lazy import keras

SMALL = {
    "vgg11": {"input_shape": (32, 32, 3), "filters": (4,) * 5, "units": 16},
    "googlenet": {"input_shape": (32, 32, 3), "width_multiplier": 0.1, "modules": (1, 1, 1)},
    "mobilenet_v2": {"input_shape": (64, 64, 3), "alpha": 0.1, "repeats": (1, 2, 1, 1, 1, 1, 1)},
    "tinynet_e": {"input_shape": (64, 64, 3), "width_coefficient": 0.1, "depth_coefficient": 0.3},
    "lenet5_1998": {},
    "deepface": {"input_shape": (71, 71, 3), "filters": (2, 2, 2, 2, 2), "units": 16},
    "vit_ti16": {"input_shape": (48, 32, 3), "heads": 1, "head_width": 8, "blocks": 2},
    "unet": {"filters": 2, "levels": 2, "padding": "same", "input_shape": (16, 16, 1)},
}
EPSILON_ONLY = {"vit_ti16"}
NOT_RECTIFIED = {"lenet5_1998", "vit_ti16", "tinynet_e"}
MAPS = {
    "gradient": explain.gradient,
    "squared gradient": explain.squared_gradient,
    "gradient x input": explain.gradient_x_input,
    "Grad-CAM": explain.grad_cam,
    "LRP epsilon": explain.lrp,
    "LRP alpha-beta": lambda *args: explain.lrp(*args, rule="alpha_beta", alpha=1.0),
    "deep Taylor": explain.deep_taylor,
}


@pytest.mark.parametrize("name", SMALL)
def test_every_method_gives_a_map_or_a_line(name):
    config = get_config(name).replace(**{"classes": 4} if name != "lenet5_1998" else {}, **SMALL[name])
    keras.utils.set_random_seed(0)
    model = config.build()
    before = [weight.numpy() for weight in model.weights]
    x = np.random.default_rng(0).uniform(0, 255, (2, *config.input_shape)).astype("float32")
    refused = set()
    for method, explained in MAPS.items():
        try:
            maps = explained(model, x, [0, 1])
        except UsageError as error:
            assert "\n" not in str(error)
            refused.add(method)
            continue
        assert maps.shape == (x.shape[:3] if method == "Grad-CAM" else x.shape), method
        assert maps.dtype == np.float32
        assert np.isfinite(maps).all(), method
        assert maps.any() or method in ("Grad-CAM", "deep Taylor"), method
    assert refused == {
        *({"LRP alpha-beta"} if name in EPSILON_ONLY else ()),
        *({"deep Taylor"} if name in NOT_RECTIFIED else ()),
    }
    for weight, old in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_the_relevance_of_a_transformer_is_conserved_without_biases():
    """Attention weights and deviations held constant, its blocks are linear: Ali et al. 2022."""
    config = get_config("vit_ti16", classes=4, **SMALL["vit_ti16"])
    model = config.build()
    x = np.random.default_rng(0).uniform(0, 255, (3, *config.input_shape)).astype("float32")
    for variable in model.weights:
        if variable.name in ("positions", "class_token"):
            variable.assign(np.zeros(variable.shape))
    # the class token starts from nothing then, and all that the head reads has come from patches
    logits, classes = model(x, training=False).numpy(), [0, 1, 2]
    maps = explain.lrp(model, x, classes, epsilon=0.0, biases=False)
    np.testing.assert_allclose(maps.reshape(3, -1).sum(axis=1), logits[range(3), classes], rtol=1e-2)
