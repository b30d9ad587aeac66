"""What each task shows, wants and looks at."""

import numpy as np
import pytest

from keras_dl.data import Data, Split
from keras_dl.data.spec import Spec
from keras_dl.experiments import self_supervision
from keras_dl.lazy import keras, tf
from keras_dl.learning import contrastive

generator = np.random.default_rng(0)


def _split(count: int) -> Split:
    return Split.of(generator.integers(0, 256, (count, 4, 4, 1)).astype("uint8"), np.arange(count) % 3)


SPEC = Spec.labelled(name="noise", kind="image", shape=(4, 4, 1), classes=3, class_names=("a", "b", "c"), counts={})
DATA = Data(spec=SPEC, train=_split(40), validation=_split(4), test=_split(20))
ORDER = np.array([[3, 5], [0, 1]])


@pytest.fixture
def networks():
    """A function of the number of outputs: a network and the encoder in it."""

    def build(outputs):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((4, 4, 1))
        encoder = keras.Model(inputs, keras.layers.Dense(6)(keras.layers.Flatten()(inputs)))
        return keras.Model(inputs, keras.layers.Dense(outputs, name="task")(encoder.output)), encoder

    return build


def test_views_come_in_pairs_and_each_is_changed(networks):
    model, _ = networks(5)

    def change(pictures, _seed):
        return pictures + 10 * tf.range(len(pictures), dtype="float32")[:, None, None, None]

    task = self_supervision.views(model, DATA, ORDER, change=change, seed=0)
    np.testing.assert_array_equal(task.order, [[3, 5, 3, 5], [0, 1, 0, 1]])
    test = DATA.test.inputs()
    views = change(np.concatenate([test, test]), None)
    assert task.look() == {
        "alignment": pytest.approx(float(contrastive.alignment(model(views))), rel=1e-4),
        "uniformity": pytest.approx(float(contrastive.uniformity(model(test))), rel=1e-4),
    }


def test_all_turns_of_a_picture_are_in_one_batch(networks):
    task = self_supervision.rotation(networks(4)[0], DATA, ORDER)
    np.testing.assert_array_equal(task.targets[task.order], [[0, 0, 1, 1, 2, 2, 3, 3]] * 2)
    picture = DATA.train.inputs()[3]
    for place, turn in zip(task.order[0, ::2], range(4), strict=True):
        np.testing.assert_array_equal(task.inputs[place], np.rot90(picture, turn))
    assert 0 <= task.look()["right"] <= 1


def test_imputing_the_mean_is_an_error_of_one(networks):
    model, _ = networks(16)
    model.get_layer("task").set_weights([np.zeros((6, 16)), DATA.train.inputs().mean(axis=0).ravel() / 255])
    task = self_supervision.imputation(model, DATA, 7, 8, share=0.5, patch=2, masks=3, seed=0)
    assert task.inputs.shape == (120, 4, 4, 1)
    assert task.targets.shape == (120, 2, 16)
    assert task.order.shape == (7, 8)
    found = task.look()
    assert found["error"] == pytest.approx(1, rel=1e-4)
    truth, hidden, imputed = np.array(found["pictures"])
    np.testing.assert_allclose(truth, DATA.test.inputs()[:6].reshape(6, -1) / 255, atol=1e-3)
    np.testing.assert_allclose(imputed, hidden, atol=1e-3)
    assert not np.allclose(truth, hidden, atol=1e-2)


def test_each_look_names_the_clusters_anew_and_forgets_the_old_names(networks):
    model, encoder = networks(4)
    task = self_supervision.clustering(model, encoder, DATA, ORDER, seed=0)
    first = task.look()
    before = task.targets.copy()
    assert set(before) == set(range(4))
    assert first["smallest"] == np.bincount(before).min()
    model.get_layer("task").set_weights([np.ones((6, 4)), np.ones(4)])
    assert task.look() == first
    np.testing.assert_array_equal(task.targets, before)
    assert np.ptp(model.get_layer("task").kernel) > 0
    encoder.set_weights([generator.normal(size=weights.shape) for weights in encoder.get_weights()])
    task.look()
    assert (task.targets != before).any()
