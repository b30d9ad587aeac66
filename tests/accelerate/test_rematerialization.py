"""A network that computes its stages again has the gradients of one that keeps everything, in less memory."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_networks import SMALL, examples

from keras_dl.accelerate.rematerialization import rematerialize_stages

JOB = Path(__file__).with_name("rematerialization_job.py")
FAMILIES = ("gpt", "llama", "bert", "transformer", "vit", "resnet_cifar", "unet")
NAMES = [next(name for config, name in SMALL.items() if config.family == family) for family in FAMILIES]


def gradients(config, again):
    """The gradients of the sum of squares of all outputs, and the statistics that the forward pass has measured."""
    keras.utils.set_random_seed(0)
    network = config.build()
    if again:
        rematerialize_stages(network)
    inputs = keras.tree.map_structure(tf.convert_to_tensor, examples(config, 2)[0])

    @tf.function(autograph=False)
    def program():
        with tf.GradientTape() as tape:
            outputs = keras.tree.flatten(network(inputs, training=True))
            loss = sum(tf.reduce_sum(tf.square(x)) for x in outputs if x.dtype.is_floating)
        return tape.gradient(loss, [variable.value for variable in network.trainable_variables])

    found = [np.asarray(tf.convert_to_tensor(x)) for x in program() if x is not None]
    graph = program.get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return found, [variable.numpy() for variable in network.non_trainable_variables], len(nodes)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_and_statistics_are_those_of_one_that_keeps_everything(name):
    config = next(config for config, other in SMALL.items() if other == name)
    kept, statistics, nodes = gradients(config, again=False)
    found, same, more = gradients(config, again=True)
    assert more > nodes
    assert len(found) == len(kept)
    for ours, theirs in zip([*found, *same], [*kept, *statistics], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * (1 + np.abs(theirs).max()))


def test_one_that_makes_masks_is_left_as_it_is():
    token_ids = keras.Input((4,), dtype="int32")
    network = keras.Model(token_ids, keras.layers.LSTM(3)(keras.layers.Embedding(5, 2, mask_zero=True)(token_ids)))
    rematerialize_stages(network)
    assert "call" not in vars(network)
    np.testing.assert_array_equal(
        network(np.array([[1, 2, 0, 0]]), training=True), network(np.array([[1, 2, 0, 0]]), training=False)
    )


def test_a_deep_network_takes_half_the_memory():
    kept, again = (
        json.loads(subprocess.run([sys.executable, JOB, mode], capture_output=True, check=True).stdout)
        for mode in ("keep", "again")
    )
    assert again["loss"] == pytest.approx(kept["loss"], rel=1e-5)
    assert again["peak"] < 0.5 * kept["peak"]
