"""Grad-CAM is CAM where that is defined, and reads a map that the logit depends on."""

import numpy as np
import pytest

from keras_dl import UsageError, explain, get_config, surgery
from keras_dl.lazy import tf


def pictures(shape, count=4):
    return np.random.default_rng(0).uniform(0, 255, (count, *shape)).astype("float32")


@pytest.mark.parametrize("name", ["resnet20", "minimal_cnn_gap"])
def test_it_is_cam_for_an_average_and_a_dense_layer(name):
    config = get_config(name)
    model = config.build()
    x, classes = pictures(config.input_shape), [3, 1, 4, 1]
    cells = list(surgery.features(model)(x).values())[-1].numpy()
    weights = model.get_layer("head").get_weights()[0].T[classes]
    weights = -weights if name == "minimal_cnn_gap" else weights  # its logits are minus what its head gives
    cam = np.maximum(np.einsum("nhwc,nc->nhw", cells, weights), 0)
    expected = tf.image.resize(cam[..., None], config.input_shape[:2])[..., 0].numpy()
    found = explain.grad_cam(model, x, classes)
    assert np.sum(found * expected) > 0.9999 * np.linalg.norm(found) * np.linalg.norm(expected) > 0


def test_a_stage_can_be_named():
    model = get_config("resnet20").build()
    x = pictures((32, 32, 3), 1)
    first, last = (explain.grad_cam(model, x, [0], stage=stage) for stage in ("stage1", "stage3"))
    np.testing.assert_array_equal(explain.grad_cam(model, x, [0]), last)
    assert not np.array_equal(first, last)
    with pytest.raises(UsageError, match="unknown stage 'stage4'; did you mean stage"):
        explain.grad_cam(model, x, [0], stage="stage4")


def test_a_transformer_is_read_before_its_last_block():
    config = get_config("vit_ti16", input_shape=(48, 32, 3), classes=5, heads=1, head_width=8, blocks=3)
    model = config.build()
    x = pictures(config.input_shape, 8)
    maps = explain.grad_cam(model, x, [0] * 8)
    assert maps.shape == (8, 48, 32)
    assert maps.any()
    np.testing.assert_array_equal(maps, explain.grad_cam(model, x, [0] * 8, stage="stage2"))
    with pytest.raises(UsageError, match="unknown stage 'stage3'"):
        explain.grad_cam(model, x, [0] * 8, stage="stage3")


def test_networks_without_maps_are_refused():
    with pytest.raises(UsageError, match="mlp has no map of several cells"):
        explain.grad_cam(get_config("mlp").build(), np.zeros((1, 784)), [0])
