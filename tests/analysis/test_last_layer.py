"""The last layer is the average of regressions on balanced groups, and nothing else of a network changes."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from keras_dl import UsageError, get_config, surgery
from keras_dl.analysis import last_layer
from keras_dl.analysis.last_layer import retrain_last_layer
from keras_dl.lazy import keras

CONFIG = get_config("mlp", input_shape=(6,), hidden=(8,), classes=2)


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return CONFIG.build()


@pytest.fixture
def groups():
    """Inputs whose first column is the label and whose second is a shortcut, right for 9 of 10."""
    generator = np.random.default_rng(0)
    labels = generator.integers(2, size=400)
    shortcut = np.where(generator.random(400) < 0.9, labels, 1 - labels)
    inputs = generator.normal(size=(400, 6))
    inputs[:, 0] += 2.5 * labels
    inputs[:, 1] += 10 * shortcut
    return inputs.astype("float32"), labels, 2 * labels + shortcut


def test_only_the_head_changes_and_the_worst_group_gains(model, groups):
    inputs, labels, group = groups
    model.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(inputs, labels, epochs=3, verbose=0)

    def worst():
        right = model(inputs).numpy().argmax(axis=1) == labels
        return min(right[group == g].mean() for g in range(4))

    before, features = worst(), surgery.embedding(model)(inputs).numpy()
    retrain_last_layer(model, inputs, labels, group, seed=0)
    np.testing.assert_array_equal(surgery.embedding(model)(inputs).numpy(), features)
    assert worst() > before + 0.2
    first = model.get_layer("head").get_weights()
    retrain_last_layer(model, inputs, labels, group, seed=0)
    np.testing.assert_array_equal(model.get_layer("head").get_weights()[0], first[0])


def test_it_is_the_regression_of_scikit_learn_on_standardised_features(model, groups, monkeypatch):
    """With groups of one size and one strength there is nothing to draw: all subsamples are the same examples."""
    inputs, labels, group = groups
    chosen = np.concatenate([np.flatnonzero(group == g)[:10] for g in range(4)])
    inputs, labels, group = inputs[chosen], labels[chosen], group[chosen]
    monkeypatch.setattr(last_layer, "STRENGTHS", (0.3,))
    retrain_last_layer(model, inputs, labels, group)
    features = surgery.embedding(model)(inputs).numpy().astype("float64")
    standard = (features - features.mean(axis=0)) / np.where(features.std(axis=0), features.std(axis=0), 1)
    regression = LogisticRegression(l1_ratio=1, solver="liblinear", C=0.3)
    expected = regression.fit(standard, labels).decision_function(standard)
    logits = model(inputs).numpy()
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": 3}, r"dense with 2 logits, got \(3,\)"),
        ({"classifier_activation": "softmax"}, "must be dense with 2 logits"),
    ],
)
def test_a_head_that_is_none(groups, changes, words):
    with pytest.raises(UsageError, match=words):
        retrain_last_layer(CONFIG.replace(**changes).build(), *groups)


def test_labels_and_groups_that_cannot_be(model, groups):
    inputs, labels, group = groups
    with pytest.raises(UsageError, match=r"labels must be 0 and 1, got \[0\]"):
        retrain_last_layer(model, inputs, 0 * labels, group)
    with pytest.raises(UsageError, match="every group needs 2 held-out examples or more, one has 1"):
        retrain_last_layer(model, inputs, labels, np.where(np.arange(400) == 0, 9, group))
