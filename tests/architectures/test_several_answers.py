"""Networks that tell several things, or vectors of labels: their numbers, and outputs in plain numpy."""

import numpy as np
import pytest
from plain_numpy import random_weights

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.learning.domain_adversarial import DomainAdversarialLearner
from keras_dl.learning.labels import CrossEntropy
from keras_dl.tasks import get_task
from keras_dl.training import Options


def test_dann_is_as_large_as_published():
    network = keras_dl.build("dann")
    assert network.count_params() == 205_891 == 40_880 + 88_010 + 77_001
    assert network.get_layer("domain_head").count_params() == 77_001
    assert network.get_layer("features").output.shape == (None, 768)


def test_the_domain_is_told_from_the_features():
    network = keras_dl.build("dann", filters=(3, 4), units=5)
    weights = random_weights(network)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 3)).astype("float32")
    found = network(pictures)
    features = keras_dl.surgery.keras.Model(network.input, network.get_layer("features").output)(pictures).numpy()

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    domain = dense(np.maximum(0, dense(features, "domain_stage1")), "domain_logit")
    np.testing.assert_allclose(found["domain"], domain, rtol=1e-4, atol=1e-4)
    hidden = np.maximum(0, dense(np.maximum(0, dense(features, "stage3")), "stage4"))
    np.testing.assert_allclose(found["head"], dense(hidden, "head"), rtol=1e-4, atol=1e-4)


def test_its_own_head_for_the_domain_is_the_one_that_is_trained():
    network = keras_dl.build("dann", filters=(3, 4), units=5)
    learner = DomainAdversarialLearner(network, CrossEntropy(from_logits=True), 1.0, 7)
    assert learner.domain_head is network.get_layer("domain_head")
    assert len(learner.trainable_variables) == len({id(one) for one in learner.trainable_variables}) == 14
    pictures = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 3)).astype("float32")
    found, plain = learner(pictures), network(pictures)
    np.testing.assert_allclose(found["domain"], plain["domain"][:, 0], rtol=1e-5)
    np.testing.assert_allclose(found["class"], plain["head"], rtol=1e-5)


def test_dann_learns_no_plain_classes():
    with pytest.raises(UsageError, match="dann tells more than classes; it learns by --task domain_adversarial"):
        get_task("classification").learner(keras_dl.build("dann"), get_config("dann"), Options())


def test_a_shared_trunk_has_a_head_for_each_target():
    assert keras_dl.describe("multitask_shared_trunk").parameters == 26_380 == 65 * 128 + 129 * 128 + 129 * 12
    network = keras_dl.build("multitask_shared_trunk", targets=("size", "kind"), outputs=(1, 3), units=4, layers=1)
    weights = random_weights(network)
    x = np.random.default_rng(0).normal(size=(5, 64))
    trunk = np.maximum(0, x @ weights["stage1/kernel"] + weights["stage1/bias"])
    found = network(x.astype("float32"))
    for index, name in enumerate(("size", "kind"), start=1):
        head = trunk @ weights[f"head_{index}/kernel"] + weights[f"head_{index}/bias"]
        np.testing.assert_allclose(found[name], head, rtol=1e-4, atol=1e-5)
    with pytest.raises(UsageError, match="2 outputs need as many different targets"):
        get_config("multitask_shared_trunk", targets=("a", "a"))


def test_labels_are_compared_with_features_of_length_1():
    assert keras_dl.describe("zero_shot_label_embedding").parameters == 103_552 == 320 + 18_496 + 73_856 + 128 * 85
    network = keras_dl.build("zero_shot_label_embedding", classes=6, filters=(3, 5))
    weights = random_weights(network)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1)).astype("float32")
    features = keras_dl.surgery.embedding(network)(pictures).numpy()
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(network(pictures), features @ weights["head/kernel"], rtol=1e-4, atol=1e-5)
