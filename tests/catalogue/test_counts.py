"""What a call of a layer costs, by hand, and that no layer of the catalogue is counted by a guess."""

import keras
import pytest
from small_networks import SMALL

import keras_dl
from keras_dl.catalogue.counts import count, is_known
from keras_dl.catalogue.describe import describe_model

T, F, U = 7, 5, 3
layers = keras.layers


def counted(layer, *shapes):
    inputs = [keras.Input(shape) for shape in shapes]
    output = layer(*inputs)
    return count(layer, inputs, output[0] if isinstance(output, list | tuple) else output)


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("state", [False, True])
@pytest.mark.parametrize(
    ("kind", "gates", "biases"), [(layers.SimpleRNN, 1, 1), (layers.LSTM, 4, 1), (layers.GRU, 3, 2)]
)
def test_every_step_of_a_recurrent_layer_counts_once(kind, gates, biases, sequences, state):
    layer = kind(U, return_sequences=sequences, return_state=state)
    steps = T * gates * (F * U + U * U)
    assert counted(layer, (T, F)) == (steps, steps + T * gates * biases * U)
    both = counted(layers.Bidirectional(kind(U, return_sequences=sequences)), (T, F))
    assert both == (2 * steps, 2 * (steps + T * gates * biases * U))


def test_a_lookup_multiplies_nothing():
    assert counted(layers.Embedding(1000, U), (T,)) == (0, T * U)


def test_attention_with_and_without_groups():
    x = (T, F)
    whole = counted(layers.MultiHeadAttention(4, 2, use_bias=False), x, x)
    grouped = counted(layers.GroupQueryAttention(2, 4, 2, use_bias=False), x, x)
    products = 4 * T * T * 2 * 2
    assert whole == (T * 4 * F * 8 + products, T * 4 * F * 8)
    assert grouped == (T * 2 * F * 8 + T * 2 * F * 4 + products, T * 2 * F * 8 + T * 2 * F * 4)


def test_an_einsum_is_a_sum_for_every_output():
    layer = layers.EinsumDense("btf,fhu->bthu", (T, 2, U), bias_axes="hu")
    assert counted(layer, (T, F)) == (T * 2 * U * F, T * 2 * U * (F + 1))


def test_a_model_within_a_model_counts_at_every_call_and_its_weights_once():
    inner = keras.Sequential([keras.Input((F,)), layers.Dense(F, name="dense")], name="inner")
    x = keras.Input((F,))
    described = describe_model(keras.Model(x, layers.Dense(1, name="head")(inner(inner(x)))))
    assert [layer.name for layer in described.layers][1:] == ["inner/dense", "head"]
    assert described.parameters == F * F + F + F + 1
    assert described.multiply_adds == 2 * F * F + F


def test_a_model_within_a_model_counts_at_the_length_that_each_call_has():
    rows = keras.Input((None, F))
    inner = keras.Model(rows, layers.Dense(U, name="dense")(rows), name="inner")
    pairs = {name: keras.Input((None, F), name=name) for name in ("rows", "others")}
    middle = keras.Model(pairs, [inner(pairs["rows"]), layers.Dense(1, name="side")(pairs["others"])], name="middle")
    x, y = keras.Input((T, F)), keras.Input((4 * T, F))
    described = describe_model(keras.Model([x, y], [*middle({"rows": x, "others": y}), inner(y)]))
    counted = {layer.name: layer for layer in described.layers if layer.parameters}
    assert counted["middle/inner/dense"].multiply_adds == T * F * U
    assert counted["middle/side"].multiply_adds == 4 * T * F
    assert counted["middle/side"].activation_bytes == 4 * 4 * T
    assert counted["middle/side"].output_shape == (4 * T, 1)
    assert counted["inner/dense"].multiply_adds == 4 * T * F * U
    assert counted["inner/dense"].links == 4 * T * (F * U + U)


@pytest.mark.parametrize("name", sorted(SMALL.values()))
def test_it_is_certain_how_every_layer_of_the_catalogue_counts(name):
    config = next(config for config, first in SMALL.items() if first == name)
    with keras.StatelessScope(initialize_variables=False):
        unknown = {type(layer).__name__ for layer in leaves(config.build()) if not is_known(layer)}
    assert not unknown


def leaves(model):
    """The layers of `model` and of the models within it."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer)
        else:
            yield layer


def test_a_layer_of_a_user_counts_as_a_kernel_at_each_output():
    class Own(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], U))

        def call(self, x):
            return x @ self.kernel

    layer = Own()
    assert counted(layer, (T, F)) == (T * F * U, T * F * U)
    assert not is_known(layer)


def test_a_builder_that_cannot_be_sketched_is_described_all_the_same():
    config = keras_dl.get_config("mlp", hidden=(4,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keras_dl.catalogue.sketch.Sketch._real", lambda *_: 1 / 0)
        patch.setattr("keras_dl.catalogue.sketch._known", {})
        keras_dl.catalogue.describe._describe.cache_clear()
        without = keras_dl.describe(config)
    keras_dl.catalogue.describe._describe.cache_clear()
    assert without == keras_dl.describe(config)
