"""Clusters by their definition, a head that begins anew with them, and digits that are told apart without labels."""

import numpy as np
import pytest
import scipy.special
from jobs import few, toy

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.spec import Column
from keras_dl.lazy import keras
from keras_dl.learning import clusters
from keras_dl.learning.clustered import forget
from keras_dl.learning.probe import outputs
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training
from keras_dl.training.updates import make_optimizer

GENERATOR = np.random.default_rng(0)


def training(folder, *, network=None, data=None, options=None, **settings):
    """A training by clusters, and its learner as it begins."""
    task = get_task("clustering", **{"clusters": 6, **settings})
    network = get_config("nakkiran_cnn5", k=4) if network is None else network
    config, data = task.adapt(network, few(load("digits")) if data is None else data)
    options = options or Options(epochs=1, batch_size=16)
    return Training(build(config, options), config, task, data, options, folder, verbose=0)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A training of no steps, whose clusters are found."""
    one = training(tmp_path_factory.mktemp("begun"))
    one.run()
    one.learner.begin_epoch(0, 0)
    return one


def test_features_are_whitened_and_divided_by_their_length():
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize

    features = (GENERATOR.normal(size=(300, 4)) @ GENERATOR.normal(size=(4, 9)) + 5).astype("float32")
    mean, projection = clusters.whitening(features)
    expected = PCA(4, whiten=True).fit_transform(features.astype("float64")) * np.sqrt(300 / 299)
    np.testing.assert_allclose(np.abs((features - mean) @ projection)[:, :4], np.abs(expected), atol=1e-4)
    found = clusters.whitened(features, mean, projection)
    np.testing.assert_allclose(np.abs(found[:, :4]), np.abs(normalize(expected)), atol=1e-4)
    np.testing.assert_array_equal(found[:, 4:], 0)


def test_no_more_than_256_dimensions_are_left_and_none_of_noise():
    _, projection = clusters.whitening(GENERATOR.normal(size=(400, 300)).astype("float32"))
    assert projection.shape == (300, 256)
    flat = np.c_[GENERATOR.normal(size=(50, 2)), np.zeros((50, 2))].astype("float32")
    _, projection = clusters.whitening(flat)
    assert projection.shape == (4, 4)
    np.testing.assert_array_equal(np.abs(projection).sum(axis=0) > 0, [True, True, False, False])


def test_clusters_are_found_whatever_the_scale_of_a_feature():
    places = GENERATOR.integers(0, 2, 200)
    features = np.stack([places + GENERATOR.normal(scale=0.05, size=200), np.zeros(200)], axis=1) * [1e-3, 1]
    found = clusters.find(features.astype("float32"), 2, seed=0)
    assert (found.labels == places).all() or (found.labels != places).all()
    np.testing.assert_array_equal(found.counts, np.bincount(found.labels))


def test_fewer_different_features_than_clusters_are_refused():
    with pytest.raises(UsageError, match="of 40 examples are only 3 different ones, which do not make 4 clusters"):
        clusters.find(np.repeat(np.eye(3, dtype="float32"), [1, 19, 20], axis=0), 4, seed=0)
    found = clusters.find(np.repeat(np.eye(3, dtype="float32"), [1, 19, 20], axis=0), 3, seed=0)
    assert sorted(found.counts) == [1, 19, 20]
    with pytest.raises(UsageError, match="are only 1 different ones"):
        clusters.find(np.full((40, 3), 0.7, "float32"), 2, seed=0)


def test_training_pictures_belong_to_the_clusters_that_k_means_gave_them(begun):
    learner, pictures = begun.learner, begun.data.train.inputs()
    found = learner.find(outputs(learner.encoder, begun.data.train), 7)
    np.testing.assert_array_equal(learner.clusters_of(pictures), found.labels)
    learner.network.get_layer("stage1_conv").kernel.assign_add(np.ones((3, 3, 1, 4)))
    np.testing.assert_array_equal(learner.clusters_of(pictures), found.labels)  # until they are found anew
    assert (learner.find(outputs(learner.encoder, begun.data.train), 7).labels != found.labels).any()


def test_the_loss_is_that_of_drawing_clusters_with_equal_chance(begun):
    learner, pictures = begun.learner, begun.data.train.inputs()
    labels = learner.find(outputs(learner.encoder, begun.data.train), 3).labels
    seen = pictures[:, ::-1]
    x = np.stack([pictures, seen], axis=1)
    logits = learner(x, training=False).numpy()
    np.testing.assert_allclose(logits, learner.network(seen, training=False), rtol=1e-6)
    losses = -scipy.special.log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
    expected = np.mean([losses[labels == cluster].mean() for cluster in range(6)])
    found = {**learner.named_losses(x, None, logits, None, False), **learner.measures(x, None, logits, None)}
    assert float(found["cluster_loss"]) == pytest.approx(expected, rel=1e-4)
    assert float(found["accuracy"]) == pytest.approx(np.mean(logits.argmax(axis=1) == labels))


def test_what_is_found_is_a_function_of_seed_epoch_and_weights(begun):
    learner = begun.learner

    def found(epoch, seed):
        learner.begin_epoch(epoch, seed)
        return [variable.numpy() for variable in (*learner.found.values(), learner.head.kernel)]

    first = found(2, 5)
    assert all((one == other).all() for one, other in zip(first, found(2, 5), strict=True))
    for other in (found(3, 5), found(2, 6)):
        assert (first[-1] != other[-1]).any()
    learner.reassign = 3
    found(3, 5)
    assert all((one == other).all() for one, other in zip(found(3, 5), found(4, 9), strict=True))
    assert np.ptp(learner.head.kernel.numpy()) > 0
    learner.reassign = 1


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "sgd", "adagrad"])
def test_a_head_that_begins_anew_goes_no_further_where_the_old_one_went(optimizer, begun):
    options = Options(optimizer=optimizer, ema_momentum=0.5, gradient_accumulation_steps=4)
    network = begun.config.build()
    rule = make_optimizer(network, options, 10)
    rule.build(network.trainable_variables)
    for _ in range(6):
        rule.apply([keras.ops.ones(variable.shape) for variable in network.trainable_variables])
    kernel = network.get_layer("head").kernel
    kernel.assign(np.full(kernel.shape, 2.0))
    before = {variable.path: variable.numpy() for variable in rule.variables}
    forget(rule, [kernel])
    after = {variable.path: variable.numpy() for variable in rule.variables}
    changed = {path: after[path] for path in after if (before[path] != after[path]).any()}
    assert len(changed) == 2 + (optimizer in ("adam", "momentum"))
    for path, value in changed.items():
        assert "head_kernel" in path
        np.testing.assert_array_equal(value, 2 if "average" in path else 0)


def test_digits_come_into_clusters_of_their_own(tmp_path):
    options = Options(epochs=15, batch_size=64, learning_rate=3e-3)
    settings = {"clusters": 20, "reassign": 5, "changes": ("crop", "rotate", "shift")}
    one = training(tmp_path, network=get_config("nakkiran_cnn5", k=8), data=load("digits"), options=options, **settings)
    before = one.task.scores(one.network, one.config, one.data.test, one.data.spec)
    rows = one.run()
    found = one.evaluate(one.data.test)
    assert found["linear_probe"] > before["linear_probe"] + 0.05
    assert found["nmi"] > before["nmi"] + 0.3
    assert rows[-1]["val_accuracy"] > 5 / 20
    pictures = one.data.test.inputs()[:3]
    answers = one.task.answers(one.network, one.config, {"image": pictures}, one.data.spec)
    assert [answer["cluster"] for answer in answers] == list(one.network(pictures).numpy().argmax(axis=1))


def test_pictures_without_labels_are_enough(tmp_path):
    pictures = few(load("digits")).train.stored
    unlabelled = toy({"image": Column(kind="image", shape=(8, 8, 1))}, {"image": pictures})
    one = training(tmp_path, data=unlabelled)
    [row] = one.run()
    assert np.isfinite(row["val_loss"])
    assert one.evaluate(unlabelled.test).keys() == {"loss", "cluster_loss", "accuracy"}


def test_labels_of_one_class_tell_nothing(begun):
    split = begun.data.test.with_labels(np.full(len(begun.data.test), 3))
    assert begun.task.scores(begun.network, begun.config, split, begun.data.spec) == {}


@pytest.mark.parametrize(
    ("network", "settings", "words"),
    [
        ("nakkiran_cnn5", {"clusters": 97}, "clusters=97 are more than the 96 training pictures"),
        ("nakkiran_cnn5", {"clusters": 1}, "clusters must be at least 2, got 1"),
        ("nakkiran_cnn5", {"changes": ("turn",)}, "unknown change 'turn'"),
        ("nakkiran_cnn5", {"changes": ("color",)}, r"color changes RGB pictures, these have 1 channel\(s\)"),
        ("unet", {}, "unet needs a class for every pixel"),
        ("gpt2_small", {}, "gpt tells no classes; it learns by --task language_modeling"),
        ("dcgan", {}, "dcgan tells no classes; it learns by --task adversarial_generation"),
    ],
)
def test_what_cannot_be_clustered(network, settings, words, tmp_path):
    with pytest.raises(UsageError, match=words) as raised:
        training(tmp_path, network=get_config(network), **settings).run()
    assert "\n" not in str(raised.value)


def test_heads_that_cannot_begin_anew_are_refused():
    task, config = get_task("clustering"), get_config("googlenet", auxiliary=True, classes=10)
    with pytest.raises(UsageError, match="begins one dense head anew before each epoch; googlenet has another"):
        task.learner(config.build(), config, Options())
    config = get_config("unet", input_shape=(16, 16, 1), padding="same", levels=1, filters=4)
    with pytest.raises(UsageError, match="unet has no layer called head that reads one vector of features"):
        task.learner(config.build(), config, Options())


def test_a_training_does_not_go_on_with_other_clusters(begun):
    with pytest.raises(UsageError, match="holds a training with .*6.*7"):
        training(begun.folder, clusters=7).run()


def test_tables_are_refused():
    columns = {"features": Column(kind="features", shape=(3,)), "label": Column(kind="class", classes=2)}
    table = toy(columns, {"features": np.ones((4, 3), "float32"), "label": np.arange(4) % 2})
    with pytest.raises(UsageError, match="clustering needs a column of image; toy has features"):
        get_task("clustering").adapt(get_config("mlp"), table)
