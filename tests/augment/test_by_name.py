"""Augmentation by name, as a training takes it."""

import numpy as np
import pytest
import tensorflow as tf

from keras_dl import UsageError
from keras_dl.augment.by_name import by_name
from keras_dl.data.spec import Spec

PICTURES = Spec.labelled(name="p", kind="image", shape=(4, 4, 1), classes=3, class_names=("a", "b", "c"), counts={})
FEATURES = Spec.labelled(name="f", kind="features", shape=(4,), classes=3, class_names=("a", "b", "c"), counts={})


def test_changes_and_mixes_are_told_apart():
    seed, pictures = tf.constant([1, 2], "int64"), tf.random.uniform((8, 4, 4, 1), seed=1)
    chosen = by_name(("mixup", "flip"), PICTURES)
    assert not np.array_equal(chosen["augment"](pictures, seed), pictures)
    _mixed, shares = chosen["mix"](pictures, tf.constant([0, 1, 2, 0, 1, 2, 0, 1]), seed)
    assert shares.shape == (8, 3)
    assert by_name((), FEATURES) == {"augment": None, "mix": None}


@pytest.mark.parametrize("names", [("flip", "shft"), "flip", (3,), None])
def test_other_names_are_refused(names):
    with pytest.raises(UsageError, match="unknown change 'shft'; did you mean shift|names must be"):
        by_name(names, PICTURES)
    with pytest.raises(UsageError, match="spec must be Spec, got None"):
        by_name(("flip",), None)


def test_only_pictures_are_changed():
    with pytest.raises(UsageError, match="augment changes pictures and sounds, f has none"):
        by_name(("flip",), FEATURES)
