"""Few labels: which are known, what the others weigh, and that the network's own answers for them help."""

import dataclasses

import numpy as np
import pytest
import scipy.special
from jobs import few, toy

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.partly_labelled import UNLABELLED, Shares
from keras_dl.data.spec import Column
from keras_dl.lazy import tf
from keras_dl.learning.labels import CrossEntropy
from keras_dl.learning.pseudo_labels import PseudoLabelled, ramp
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training

LABELS = np.array([2, 0, -1, -1, -1])
LOGITS = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


@pytest.fixture(scope="module")
def learner():
    network = get_config("mlp", input_shape=(3,), hidden=(4,), classes=4).build()
    return PseudoLabelled(network, CrossEntropy(), t1=2, t2=6, final=3.0)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 3.0])
def test_losses_are_the_mean_with_labels_and_a_share_of_the_mean_without(learner, alpha):
    learner.alpha.assign(alpha)
    logs = scipy.special.log_softmax(LOGITS, axis=1)
    found = learner.named_losses(None, tf.constant(LABELS), tf.constant(LOGITS), None, True)
    assert float(found["labelled"]) == pytest.approx(-(logs[0, 2] + logs[1, 0]) / 2, rel=1e-5)
    assert float(found["unlabelled"]) == pytest.approx(-alpha * logs[2:].max(axis=1).mean(), rel=1e-5)
    weights = np.array([1, 3, 0, 2, 1], "float32")
    found = learner.named_losses(None, tf.constant(LABELS), tf.constant(LOGITS), weights, True)
    assert float(found["labelled"]) == pytest.approx(-(logs[0, 2] + 3 * logs[1, 0]) / 4, rel=1e-5)
    expected = -alpha * (2 * logs[3].max() + logs[4].max()) / 3
    assert float(found["unlabelled"]) == pytest.approx(expected, rel=1e-5)


def test_answers_are_taken_as_labels(learner):
    learner.alpha.assign(3.0)
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = sum(learner.named_losses(None, tf.constant(LABELS), logits, None, True).values())
    own = np.eye(4)[LOGITS.argmax(axis=1)]
    expected = (scipy.special.softmax(LOGITS, axis=1) - own)[2:] * 3 / 3
    np.testing.assert_allclose(tape.gradient(loss, logits)[2:], expected, atol=1e-6)


@pytest.mark.parametrize("labels", [np.full(5, UNLABELLED), np.arange(5) % 4])
def test_a_batch_of_one_kind_counts_nothing_for_the_other(learner, labels):
    learner.alpha.assign(1.0)
    learner.reset_metrics()
    loss = learner.compute_loss(tf.zeros((5, 3)), tf.constant(labels), tf.constant(LOGITS), None)
    known = labels[0] != UNLABELLED
    found = learner.get_metrics_result()
    assert np.isfinite(float(loss))
    assert float(learner.means["labelled"].count.value) == (5 if known else 0)
    assert float(learner.means["unlabelled"].count.value) == (0 if known else 5)
    assert float(found["accuracy"]) == pytest.approx(np.mean(LOGITS.argmax(axis=1) == labels) if known else 0)


def test_the_weight_grows_between_two_epochs(learner):
    found = [ramp(epoch, t1=100, t2=600, final=3) for epoch in (0, 100, 350, 600, 9000)]
    assert found == pytest.approx([0, 0, 1.5, 3, 3])
    learner.begin_epoch(3, 0)
    assert float(learner.alpha.value) == pytest.approx(3 / 4)


def test_as_many_labels_of_each_class_are_known():
    digits = load("digits")
    data, again, other = (
        get_task("pseudo_labels", labels=5, drawn_by=seed).adapt(get_config("mlp"), digits)[1] for seed in (0, 0, 1)
    )
    labels, known = data.train.labels, data.train.labels != UNLABELLED
    np.testing.assert_array_equal(labels[known], digits.train.labels[known])
    np.testing.assert_array_equal(np.bincount(labels[known]), 5)
    np.testing.assert_array_equal(data.train.stored, digits.train.stored)
    for name in ("validation", "test"):
        assert getattr(data, name).fingerprint == getattr(digits, name).fingerprint
    assert again.train.fingerprint == data.train.fingerprint != other.train.fingerprint


def test_each_step_has_examples_of_both_kinds():
    known = np.arange(50) < 6
    drawn = Shares(known, 0.2)
    steps = np.array([drawn.batch(10, 1, 0, step) for step in range(11)])
    np.testing.assert_array_equal(known[steps].sum(axis=1), 2)
    assert len(np.unique(steps[:, :8])) == 44
    for three in (steps[:3, 8:], steps[3:6, 8:]):
        assert sorted(three.ravel()) == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(steps[3], drawn.batch(10, 1, 0, 3))
    assert (steps[3] != drawn.batch(10, 1, 1, 3)).any() and (steps[3] != drawn.batch(10, 2, 0, 3)).any()
    assert [known[Shares(known, 0.01).batch(size, 0, 0, 0)].sum() for size in (2, 300)] == [1, 3]
    with pytest.raises(UsageError, match="takes examples with and without a label; batch_size=1 is less than two"):
        Shares(known, 0.2).size(1)


def test_its_own_answers_make_a_network_with_few_labels_better(tmp_path):
    """Two crowds of points that a plane parts: two labels of each say little about where it is."""
    generator = np.random.default_rng(0)
    labels = np.arange(600) % 2
    x = (generator.normal(size=(600, 20)) + (2 * labels[:, None] - 1) * 0.5).astype("float32")
    columns = {"features": Column(kind="features", shape=(20,)), "label": Column(kind="class", classes=2)}
    found = {}
    for weight in (1e-6, 3.0):
        task = get_task("pseudo_labels", labels=2, weight=weight, t1=4, t2=8)
        config, data = task.adapt(get_config("mlp", hidden=(16,)), toy(columns, {"features": x, "label": labels}))
        options = Options(epochs=16, batch_size=60, learning_rate=3e-3)
        training = Training(build(config, options), config, task, data, options, tmp_path / str(weight), verbose=0)
        rows = training.run()
        found[weight] = training.evaluate(data.test)["accuracy"]
        assert rows[4]["unlabelled"] == 0 and rows[5]["unlabelled"] > 0
        for row in rows:
            assert row["loss"] == pytest.approx(row["labelled"] + row["unlabelled"])
            assert row["val_loss"] == pytest.approx(row["val_labelled"])
    assert found[3.0] > found[1e-6] + 0.02, found


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"labels": 0}, "labels must be at least 1, got 0"),
        ({"labels": 500}, "500 examples of each class are wanted; a class has .* training examples"),
        ({"t1": 6}, "t2 must be above t1=6, got 6"),
        ({"labelled_share": 1.0}, "labelled_share must be above 0 and below 1, got 1.0"),
        ({"labels": 2, "class_weights": "balanced"}, "knows as many labels of each class; leave class_weights out"),
    ],
)
def test_options_that_make_no_sense(settings, words):
    with pytest.raises(UsageError, match=words):
        get_task("pseudo_labels", **settings).adapt(get_config("mlp"), few(load("digits")))


def test_labels_that_are_known_stay_so_where_the_data_have_gaps():
    digits = few(load("digits"))
    labels = np.where(np.arange(96) < 30, digits.train.labels, UNLABELLED)
    spec = digits.spec.replace("label", gaps=True)
    data = dataclasses.replace(digits, spec=spec, train=digits.train.with_labels(labels))
    found = get_task("pseudo_labels").adapt(get_config("mlp"), data)[1].train
    np.testing.assert_array_equal(found.labels, labels)
    batch = found.labels[found.drawn.batch(20, 0, 0, 0)]
    assert (batch != UNLABELLED).sum() == 4
    fewer = get_task("pseudo_labels", labels=1).adapt(get_config("mlp"), data)[1].train.labels
    assert (fewer != UNLABELLED).sum() == 10
    np.testing.assert_array_equal(fewer[fewer != UNLABELLED], labels[fewer != UNLABELLED])


def test_all_labels_are_not_few():
    digits = few(load("digits"))
    with pytest.raises(UsageError, match="all 96 training examples of digits have a label; say how many of each"):
        get_task("pseudo_labels").adapt(get_config("mlp"), digits)
    every = np.concatenate([np.flatnonzero(digits.train.labels == label)[:4] for label in range(10)])
    data = digits.__class__(
        spec=digits.spec, train=digits.train.take(every), validation=digits.validation, test=digits.test
    )
    with pytest.raises(UsageError, match="labels=4 of each class are all 40 training examples of digits; take fewer"):
        get_task("pseudo_labels", labels=4).adapt(get_config("mlp"), data)


def test_networks_of_other_outputs_are_refused():
    task = get_task("pseudo_labels")
    for config in (get_config("googlenet", auxiliary=True), get_config("mlp", classes=1)):
        with pytest.raises(UsageError, match="pseudo_labels needs one output for each class, and no others"):
            task.learner(config.build(), config, Options())


def test_a_training_too_short_for_them_says_so(capsys):
    task = get_task("pseudo_labels")
    config = get_config("mlp")
    task.learner(config.build(), config, Options(epochs=3))
    assert "pseudo-labels weigh nothing in epochs=3, since t1=2" in capsys.readouterr().err
    task.learner(config.build(), config, Options(epochs=4))
    assert not capsys.readouterr().err
