"""Sizes of networks: exact by hand, without a weight in memory, and quickly."""

import random
import resource
import time

import keras
import pytest

import keras_dl


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_billions_of_parameters_are_counted_without_memory():
    keras_dl.describe("mlp")
    before, start = peak_bytes(), time.monotonic()
    description = keras_dl.describe("mlp", hidden=(40960,), depth=5)
    seconds, grown = time.monotonic() - start, peak_bytes() - before
    assert description.parameters == 785 * 40960 + 4 * 40961 * 40960 + 40961 * 10 == 6_743_613_450
    assert description.weight_bytes == 4 * description.parameters
    assert seconds < 5
    assert grown < 100 * 2**20


def test_what_was_described_is_not_made_when_a_layer_is_traced():
    keras_dl.describe("mlp", hidden=(8191,), depth=9)

    class Twice(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    before = peak_bytes()
    Twice()(keras.Input((3,)))
    assert peak_bytes() - before < 100 * 2**20


def test_a_multilayer_perceptron_by_hand():
    description = keras_dl.describe("mlp", input_shape=(5,), hidden=(4,), classes=3, normalization="batch", dropout=0.5)
    assert description.parameters == (5 * 4 + 4) + 4 * 4 + (4 * 3 + 3)
    assert description.trainable_parameters == description.parameters - 2 * 4
    assert description.multiply_adds == 5 * 4 + 4 * 3
    assert description.links == description.multiply_adds + 4 + 3
    assert description.weight_bytes == 4 * description.parameters
    dense = next(layer for layer in description.layers if layer.name == "stage1_dense")
    assert (dense.kind, dense.output_shape, dense.activation_bytes) == ("Dense", (4,), 16)
    assert description.activation_bytes == 4 * (5 + 5 + 4 * 4 + 3)


def test_a_convolutional_network_by_hand():
    description = keras_dl.describe("lenet5_modern")
    layers = {layer.name: layer for layer in description.layers}
    assert layers["stage1_conv1"].multiply_adds == 28 * 28 * 25 * 6
    assert layers["stage2_conv1"].multiply_adds == 10 * 10 * 25 * 6 * 16
    assert layers["stage2_conv1"].links == 10 * 10 * (25 * 6 * 16 + 16)
    assert layers["stage2_conv1"].activation_bytes == 10 * 10 * 16 * 4
    assert layers["stage1_pool"].multiply_adds == 0


def test_weights_of_eight_bytes_count_eight():
    description = keras_dl.describe("memorizing_relu_net")
    assert description.weight_bytes == 8 * description.parameters


def test_totals_are_those_of_the_built_network():
    model = keras_dl.build("resnet20", blocks=1, shortcut="pad")
    description = keras_dl.describe("resnet20", blocks=1, shortcut="pad")
    assert description.parameters == model.count_params()
    assert description.trainable_parameters == sum(weight.numpy().size for weight in model.trainable_weights)
    assert [layer.name for layer in description.layers] == [layer.name for layer in model.layers]


def test_mistakes_are_refused_before_anything_is_built():
    with pytest.raises(keras_dl.UsageError, match=r"did you mean .*resnet20"):
        keras_dl.describe("resnet21")


def test_attention_by_hand():
    config = keras_dl.get_config("vit_ti16", heads=2, head_width=8, blocks=1, patch=4, input_shape=(8, 12, 3))
    attention = next(layer for layer in keras_dl.describe(config).layers if layer.kind == "MultiHeadAttention")
    projections = 7 * 4 * 16 * 16  # seven tokens: queries, keys, values and outputs
    assert attention.multiply_adds == projections + 2 * 7 * 7 * 16  # every query with every key, for every value
    assert attention.links == projections + 7 * 4 * 16
    assert attention.parameters == 4 * 17 * 16


def test_transposed_convolution_by_hand():
    layers = keras_dl.describe("unet", filters=3, levels=1, padding="same", input_shape=(8, 6, 1)).layers
    up = next(layer for layer in layers if layer.kind == "Conv2DTranspose")
    assert up.output_shape == (8, 6, 3)
    assert up.multiply_adds == (4 * 3) * (2 * 2 * 6 * 3)  # the kernel once at every position of its input
    assert up.links == up.multiply_adds + 8 * 6 * 3


def test_describing_draws_no_seed():
    def first_weight(*, described):
        random.seed(0)
        if described:
            keras_dl.describe("lenet5_modern", filters=(5, 6), units=(9, 8))
        return keras_dl.get_config("lenet5_modern").build().weights[0].numpy()

    assert (first_weight(described=True) == first_weight(described=False)).all()


def test_weights_beyond_the_memory_are_refused_before_any_is_made():
    start = time.monotonic()
    with pytest.raises(keras_dl.UsageError, match=r"^this mlp has 4,401.4 GB of weights, this machine"):
        keras_dl.build("mlp", hidden=(2**20, 2**20))
    assert time.monotonic() - start < 5


def test_networks_of_too_many_layers_are_refused_while_they_are_counted():
    with pytest.raises(keras_dl.UsageError, match="the network has more than 10,000 layers; make it less deep"):
        keras_dl.describe("nasnet_cifar", cells=300)
