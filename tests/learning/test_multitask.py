"""Heads share one trunk, whose gradient is the sum of theirs."""

import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.lazy import keras, tf
from keras_dl.learning.multitask import with_heads

TASKS = {"digit": 10, "odd": 2}


def test_every_head_reads_the_trunk_of_the_model():
    base = get_config("mlp", input_shape=(6,), hidden=(8,)).build()
    model = with_heads(base, TASKS)
    x = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")
    assert {task: output.shape for task, output in model(x).items()} == {"digit": (5, 10), "odd": (5, 2)}
    assert model.get_layer("stage1_dense") is base.get_layer("stage1_dense")
    assert [layer.name for layer in model.layers if layer.weights] == ["stage1_dense", "head_digit", "head_odd"]


def test_the_trunk_feels_the_sum_of_the_heads():
    keras.utils.set_random_seed(0)
    model = with_heads(get_config("mlp", input_shape=(6,), hidden=(8,)).build(), TASKS)
    x = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")
    kernel = model.get_layer("stage1_dense").kernel.value
    with tf.GradientTape(persistent=True) as tape:
        outputs = model(x)
        losses = [tf.reduce_mean(tf.nn.log_softmax(outputs[task])[:, 0]) for task in TASKS]
        total = tf.add_n(losses)
    single = [tape.gradient(loss, kernel).numpy() for loss in losses]
    assert min(np.linalg.norm(gradient) for gradient in single) > 1e-3
    np.testing.assert_allclose(tape.gradient(total, kernel), sum(single), rtol=1e-5, atol=1e-7)


def test_tasks_that_are_none():
    base = get_config("mlp").build()
    with pytest.raises(UsageError, match="a network needs a task, got none"):
        with_heads(base, {})
    with pytest.raises(UsageError, match="task 'odd' must have 1 class or more, got 0"):
        with_heads(base, {"odd": 0})
