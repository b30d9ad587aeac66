"""Attacks are what their formulas say where those have a closed form, and keep within their bounds everywhere."""

import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.data import Split
from keras_dl.lazy import keras, tf
from keras_dl.learning import attack
from keras_dl.tasks.adversarial_training import AdversarialTraining
from keras_dl.tasks.classification import Classification
from keras_dl.training import Options
from keras_dl.training.quiet import Quiet

SHAPE = (4, 4, 1)


def network(name="linear_softmax", classes=3, seed=0):
    keras.utils.set_random_seed(seed)
    return get_config(name, input_shape=SHAPE, classes=classes, input_scale=1 / 255).build()


@pytest.fixture(scope="module")
def pictures():
    """Values 0..255 with many black and white pixels, and labels."""
    generator = np.random.default_rng(0)
    return generator.integers(-200, 456, (32, *SHAPE)).clip(0, 255).astype("float32"), generator.integers(3, size=32)


def loss(model, x, labels):
    return keras.losses.sparse_categorical_crossentropy(labels, model(x), from_logits=True).numpy()


def test_fgsm_of_a_linear_network_is_the_sign_of_its_weights_within_the_box(pictures):
    x, labels = pictures
    model = network()
    weights = model.get_layer("head").kernel.numpy().astype("float64")
    logits = model(x).numpy().astype("float64")
    error = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) - np.eye(3)[labels]
    expected = np.clip(x + 16 * np.sign(error @ weights.T).reshape(x.shape), 0, 255)
    np.testing.assert_array_equal(attack.fgsm(model, x, labels, 16.0), expected)


def test_pgd_of_two_classes_and_a_linear_network_is_the_best_there_is_from_any_start(pictures):
    x, labels = pictures[0], pictures[1] % 2
    model = network(classes=2)
    weights = model.get_layer("head").kernel.numpy()
    away = (weights[:, 1] - weights[:, 0]) * np.where(labels == 0, 1, -1)[:, None]
    expected = np.clip(x + 16 * np.sign(away).reshape(x.shape), 0, 255)
    for seed in (0, 1):
        np.testing.assert_allclose(attack.pgd(model, x, labels, 16.0, seed=(seed, 0)), expected, atol=1e-4)


@pytest.mark.parametrize("epsilon", [0.0, 3.7, 40.0])
def test_bounds_are_kept(pictures, epsilon):
    x, labels = pictures
    model = network("mlp")
    for changed in (attack.fgsm(model, x, labels, epsilon), attack.pgd(model, x, labels, epsilon, steps=5)):
        changed = changed.numpy()
        assert np.abs(changed - x).max() <= epsilon + 1e-4
        assert changed.min() >= 0
        assert changed.max() <= 255
        assert changed.shape == x.shape


def test_more_steps_find_a_higher_loss(pictures):
    x, labels = pictures
    model = network("mlp")
    clean, single, many = (
        loss(model, changed, labels).mean()
        for changed in (x, attack.fgsm(model, x, labels, 40.0), attack.pgd(model, x, labels, 40.0))
    )
    assert clean < single < many


def test_black_and_white_pixels_are_moved_as_well(pictures):
    """A gradient through clip() would be zero at some of them, and the attack weaker."""
    model = network(classes=2)
    model.get_layer("head").set_weights([np.tile([[1.0, -1.0]], (16, 1)), np.zeros(2)])
    white = np.full_like(pictures[0], 255)
    changed = attack.pgd(model, white, np.zeros(32, int), 16.0).numpy()
    np.testing.assert_allclose(changed, 239, atol=1e-4)


def test_the_seed_decides_the_start(pictures):
    x, labels = pictures
    model = network("mlp")
    first, again, other = (attack.pgd(model, x, labels, 40.0, steps=1, seed=seed) for seed in ((1, 2), (1, 2), (2, 1)))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.numpy() - other.numpy()).max() > 1


def test_it_is_the_same_inside_a_function(pictures):
    x, labels = pictures
    model = network("mlp")
    compiled = tf.function(lambda x, y: attack.pgd(model, x, y, 40.0, steps=3, seed=(1, 2)))
    np.testing.assert_allclose(compiled(x, labels), attack.pgd(model, x, labels, 40.0, steps=3, seed=(1, 2)), atol=1e-3)


def test_training_on_attacks_makes_robust(pictures):
    x, labels = pictures

    def trained(task):
        training = Quiet.of(get_config("mlp", input_shape=SHAPE, classes=3), Options(learning_rate=1e-2), task=task)
        model = training.begin(0)
        training.fit(Split.of(x, labels).stream(32, steps=20, seed=0))
        return loss(model, attack.fgsm(model, x, labels, 40.0), labels)

    robust, plain = map(trained, (AdversarialTraining(epsilon=40.0, steps=2), Classification()))
    assert robust.mean() < 0.7 * plain.mean()


def test_what_cannot_be_attacked(pictures):
    x, labels = pictures
    with pytest.raises(UsageError, match=r"logits of at least 2 classes, mlp gives \(None, 1\)"):
        attack.fgsm(network(classes=1), x, labels, 8.0)
    for epsilon in (-1.0, float("inf"), float("nan")):
        with pytest.raises(UsageError, match="epsilon must be at least 0 and finite"):
            attack.fgsm(network(), x, labels, epsilon)
    with pytest.raises(UsageError, match="steps must be at least 1, got 0"):
        attack.pgd(network(), x, labels, 8.0, steps=0)
