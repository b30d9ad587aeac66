"""Adapters change nothing at first, learn alone, and come off as what they have added to the kernels."""

import numpy as np
import pytest
import safetensors.numpy
from small_networks import examples, smallest

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.lazy import keras, tf
from keras_dl.learning import adapters
from keras_dl.training import Options, fit
from keras_dl.training.quiet import Quiet

CONFIG = get_config("mlp", input_shape=(6,), hidden=(8, 5), classes=3, normalization="batch")
X = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
Y = np.arange(40) % 3


def weights(network):
    return {variable.path: variable.numpy() for variable in network.weights}


@pytest.fixture
def learned():
    """A network with adapters that has learned, its first weights, and itself."""
    quiet = Quiet.of(CONFIG, Options(lora=2, learning_rate=0.05))
    before = weights(quiet.begin(0))
    quiet.run(X, Y, np.arange(400).reshape(-1, 10) % 40)
    return before, quiet.network


def test_only_adapters_and_the_head_are_trained(learned):
    before, network = learned
    moved = {path for path, value in weights(network).items() if not np.array_equal(value, before[path])}
    assert moved == set(adapters.of(network))
    assert {path.rpartition("/")[2] for path in moved} == {"kernel", "bias", "lora_kernel_a", "lora_kernel_b"}
    assert adapters.count(network) == 2 * (6 + 8) + 2 * (8 + 5) + 5 * 3 + 3


def test_merged_they_give_the_same(learned, tmp_path):
    _, network = learned
    plain = adapters.merged(network, CONFIG)
    assert plain.count_params() == CONFIG.build().count_params()
    np.testing.assert_allclose(plain(X), network(X), atol=1e-5)
    saved = keras_dl.load(keras_dl.save(network, tmp_path / "model", config=CONFIG))
    np.testing.assert_array_equal(saved(X), plain(X))


def test_a_file_brings_them_back_to_where_they_were(learned, tmp_path):
    before, network = learned
    adapters.save(network, tmp_path / "a.safetensors")
    assert safetensors.numpy.load_file(tmp_path / "a.safetensors").keys() == adapters.of(network).keys()
    again = CONFIG.build()
    for variable in again.weights:
        variable.assign(before[variable.path])
    adapters.load(again, CONFIG, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(again(X), network(X))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda file: file.write_bytes(b"none"), "holds no adapters"),
        (lambda file: safetensors.numpy.save_file({"a": np.ones(2)}, file), "does not say their rank"),
        (lambda file: file.unlink(), "holds no adapters"),
    ],
)
def test_other_files_are_refused(learned, tmp_path, content, words):
    file = tmp_path / "a.safetensors"
    adapters.save(learned[1], file)
    content(file)
    with pytest.raises(UsageError, match=words):
        adapters.load(CONFIG.build(), CONFIG, file)


def test_those_of_another_network_are_refused(learned, tmp_path):
    adapters.save(learned[1], tmp_path / "a.safetensors")
    for changes, words in (({"hidden": (8,)}, "only in one of them"), ({"hidden": (9, 5)}, r"of \(2, 8\)")):
        config = CONFIG.replace(**changes)
        with pytest.raises(UsageError, match=words):
            adapters.load(config.build(), config, tmp_path / "a.safetensors")


def test_what_cannot_be_adapted_is_refused():
    network = CONFIG.build()
    with pytest.raises(UsageError, match="rank 9 is more than any kernel of mlp has; use at most 6"):
        adapters.adapt(network, CONFIG, 9)
    adapters.adapt(network, CONFIG, 2)
    with pytest.raises(UsageError, match="mlp has adapters already"):
        adapters.adapt(network, CONFIG, 2)
    convolutional = smallest(get_config("resnet20"))
    with pytest.raises(UsageError, match="has no dense layer before its head"):
        adapters.adapt(convolutional.build(), convolutional, 2)
    with pytest.raises(UsageError, match="lora trains no kernels of the network, so l2 has no effect"):
        Options(lora=2, l2=0.1)


@pytest.mark.parametrize("name", ["vit_ti16", "llama_7b", "gpt2_small", "transformer_base"])
def test_attention_is_adapted_and_its_outputs_are_at_first_the_same(name):
    config = smallest(get_config(name))
    network, (inputs, _) = config.build(), examples(config, 4)
    before, whole = network(inputs), adapters.count(network)
    adapters.adapt(network, config, 2)
    with tf.GradientTape() as tape:
        outputs = network(inputs)
        loss = keras.ops.mean(keras.ops.square(keras.tree.flatten(outputs)[0]))
    keras.tree.map_structure(lambda ours, theirs: np.testing.assert_array_equal(ours, theirs), outputs, before)
    gradients = tape.gradient(loss, network.trainable_variables)
    assert None not in gradients
    assert any("attention" in path or "queries" in path for path in adapters.of(network))
    assert adapters.count(network) < whole


def test_a_training_leaves_the_averages_of_batch_normalisation(tmp_path):
    data = load("digits")
    config = get_config("mlp", hidden=(8,), normalization="batch").for_data(data.spec)
    network = config.build()
    before = weights(network)
    fit(network, config, data, Options(lora=2, epochs=1), tmp_path, verbose=0)
    kept = [path for path in before if "head" not in path]
    assert any("moving_mean" in path for path in kept)
    assert all(np.array_equal(weights(network)[path], before[path]) for path in kept)
