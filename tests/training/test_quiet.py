"""Steps in one program learn what `fit` learns from the same batches."""

import itertools

import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.lazy import keras, tf
from keras_dl.tasks.adversarial_training import AdversarialTraining
from keras_dl.training import Options
from keras_dl.training.quiet import Quiet, cross_entropy, error_rate

generator = np.random.default_rng(0)
INPUTS = generator.normal(size=(12, 4)).astype("float32")
LABELS = generator.integers(0, 3, 12)
ORDER = generator.integers(0, 12, (5, 4))


def network(seed, dropout=0.0):
    keras.utils.set_random_seed(seed)
    model = get_config("vanilla_nn", dropout=dropout).build()
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def weights(model):
    return np.concatenate([value.ravel() for value in model.get_weights()])


def test_the_weights_are_those_of_fit():
    expected, model = network(0), network(0)
    expected.fit(tf.data.Dataset.from_tensor_slices((INPUTS[ORDER], LABELS[ORDER])), shuffle=False, verbose=0)
    Quiet(model).run(INPUTS, LABELS, ORDER)
    assert np.abs(weights(model) - weights(network(0))).max() > 0.01
    np.testing.assert_allclose(weights(model), weights(expected), atol=1e-5)


def test_a_restart_forgets_everything():
    loop = Quiet(network(0, dropout=0.5))
    loop.run(INPUTS, LABELS, ORDER)
    first = weights(loop.model)
    loop.run(INPUTS, LABELS, ORDER)
    assert (weights(loop.model) != first).any()
    loop.restart(network(0, dropout=0.5))
    loop.run(INPUTS, LABELS, ORDER)
    np.testing.assert_array_equal(weights(loop.model), first)


def test_the_seed_decides_the_first_weights():
    options = Options(learning_rate=0.01, initialization="large", freeze=("head",))
    loop = Quiet.of(get_config("vanilla_nn", dropout=0.5), options)

    def learned(seed):
        model = loop.begin(seed)
        start = [layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")]
        loop.run(INPUTS, LABELS, ORDER)
        return start, [layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")]

    (start, end), again, other = (learned(seed) for seed in (1, 1, 2))
    assert start[0].std() == pytest.approx(1, abs=0.3)
    assert (start[0] != end[0]).any() and (start[-1] == end[-1]).all()
    np.testing.assert_equal(again, (start, end))
    assert (other[0][0] != start[0]).any()


def test_a_learner_begins_anew_with_all_it_keeps():
    config = get_config("vanilla_nn", input_shape=(4,), classes=3)
    loop = Quiet.of(config, Options(learning_rate=0.01), task=AdversarialTraining(epsilon=1.0, steps=2))
    pictures = tf.data.Dataset.from_tensor_slices((np.abs(INPUTS[ORDER]), LABELS[ORDER]))

    def learned():
        model = loop.begin(0)
        assert loop.model is not model and int(loop.model.attacks) == 0
        loss = loop.fit(pictures)["loss"]
        return loss, weights(model), int(loop.model.attacks)

    first, again = learned(), learned()
    assert first[2] == len(ORDER)
    np.testing.assert_equal(again, first)


def test_parts_are_one_training():
    whole, parted = Quiet(network(0)), Quiet(network(0))
    whole.run(INPUTS, LABELS, ORDER)
    seen = [weights(parted.model) for _ in parted.parts(INPUTS, LABELS, ORDER, 5)]
    assert len(seen) == 5
    assert all((later != earlier).any() for earlier, later in itertools.pairwise(seen))
    np.testing.assert_allclose(seen[-1], weights(whole.model), atol=1e-6)


def test_the_seed_decides_the_augmentation():
    def noise(x, key):
        return x + tf.random.stateless_normal(tf.shape(x), key)

    loop = Quiet(network(0), augment=noise)

    def learned(seed):
        loop.restart(network(0))
        loop.run(INPUTS, LABELS, ORDER, seed=seed)
        return weights(loop.model)

    np.testing.assert_array_equal(learned(1), learned(1))
    assert (learned(1) != learned(2)).any()


@pytest.mark.parametrize("count", [12, 1])
def test_the_error_rate_is_the_share_of_wrong_answers(count):
    model = network(0)
    right = model.predict(INPUTS[:count], verbose=0).argmax(axis=1)
    assert error_rate(model, INPUTS[:count], right) == 0
    labels = right.copy()
    labels[0] = (labels[0] + 1) % 3
    assert error_rate(model, INPUTS[:count], labels) == pytest.approx(100 / count)


def test_the_cross_entropy_is_that_of_the_plain_logits():
    model = network(0, dropout=0.5)
    expected = keras.losses.sparse_categorical_crossentropy(LABELS, model(INPUTS), from_logits=True)
    assert cross_entropy(model, INPUTS, LABELS) == pytest.approx(float(np.mean(expected)), rel=1e-6)
    assert cross_entropy(model, INPUTS, LABELS, training=True) != cross_entropy(model, INPUTS, LABELS)


@pytest.mark.parametrize("settings", [{"ema_momentum": 0.9}, {"patience": 2}, {"input_dropout": 0.1}])
def test_what_would_have_no_effect_is_refused(settings):
    with pytest.raises(UsageError, match=f"the quiet mode of fit has no {next(iter(settings))}; leave out"):
        Quiet.of(get_config("vanilla_nn"), Options(**settings))
