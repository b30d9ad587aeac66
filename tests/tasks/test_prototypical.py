"""Prototypical learning: episodes of classes, other classes in validation and test, and the nearest mean."""

import dataclasses

import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError, get_config, surgery
from keras_dl.data import Data, Spec, Split, load
from keras_dl.data.spec import Column
from keras_dl.data.unseen import divided
from keras_dl.lazy import keras, tf
from keras_dl.learning.prototypical import PrototypicalLearner
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training
from keras_dl.use.predictor import Predictor

WIDTH = 8


def crowds(classes, each=12, *, names=(), name="crowds", seed=0, spread=0.4):
    """`each` points around a centre of each class; every split has some of every class."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), each)
    centres = generator.normal(size=(classes, WIDTH))
    x = (centres[labels] + spread * generator.normal(size=(len(labels), WIDTH))).astype("float32")
    columns = {
        "features": Column(kind="features", shape=(WIDTH,)),
        "label": Column(kind="class", classes=classes, class_names=names),
    }
    parts = {
        n: Split({"features": x[k::3], "label": labels[k::3]}) for k, n in enumerate(("train", "validation", "test"))
    }
    return Data(spec=Spec(name=name, columns=columns), **parts)


def task(**options):
    return get_task("prototypical", **{"queries": 2, "episodes": 50, **options})


def adapted(data, **options):
    return task(**options).adapt(get_config("mlp", hidden=(16,)), data)


def classes(split):
    return set(split.columns["label"].values.tolist())


def batches(split, *, epoch, step=0, size=30, seed=0):
    epoch, step = tf.Variable(epoch, dtype="int64"), tf.Variable(step, dtype="int64")
    arrange = lambda batch, key: (batch["features"], batch["label"])  # noqa: E731
    return [
        (x.numpy(), y.numpy())
        for x, y in split.shuffled(size, seed=seed, epoch=epoch, first_step=step, arrange=arrange)
    ]


def test_the_loss_is_the_definition():
    """Snell et al. 2017, algorithm 1, in numpy."""
    keras.utils.set_random_seed(0)
    config = get_config("mlp", input_shape=(WIDTH,), hidden=(6,), classes=4)
    network = config.build()
    learner = PrototypicalLearner(network, config, 2, 3)
    x = np.random.default_rng(0).normal(size=(3 * 5, WIDTH)).astype("float32")
    features = np.array(surgery.embedding(network)(x)).reshape(3, 5, 6)
    losses, right = [], []
    for own in range(3):
        for query in features[own, 2:]:
            distances = np.array([np.sum((query - features[k, :2].mean(axis=0)) ** 2) for k in range(3)])
            losses.append(distances[own] + np.log(np.exp(-distances).sum()))
            right.append(distances.argmin() == own)
    outputs = learner(x)
    [loss] = learner.named_losses(x, None, outputs, None, False).values()
    [accuracy] = learner.measures(x, None, outputs, None).values()
    assert float(loss) == pytest.approx(np.mean(losses), rel=1e-5)
    assert float(accuracy) == pytest.approx(np.mean(right))


def test_a_network_without_a_head_makes_the_features_itself():
    inputs = keras.Input((WIDTH,))
    network = keras.Model(inputs, keras.layers.Dense(5, name="embedding")(inputs))
    learner = PrototypicalLearner(network, None, 1, 2)
    _, data = adapted(crowds(10))
    x = data.test.columns["features"].values[:6]
    np.testing.assert_array_equal(learner(x), np.array(network(x)).reshape(2, 3, 5))
    assert len(learner.trainable_variables) == 2 and learner.callbacks(data) == []
    [answer, *_] = task().answers(network, None, {"features": x}, data.spec)
    assert answer.keys() == {"embedding"}
    assert task().scores(network, None, data.test, data.spec)["ways"] == 4


def test_classes_are_kept_apart_and_no_example_is_lost():
    data = crowds(40)
    _, found = adapted(data)
    parts = [classes(getattr(found, name)) for name in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [26, 7, 7]
    assert len(set.union(*parts)) == 40
    assert found.spec.columns["label"].seen == tuple(sorted(parts[0]))
    assert sum(found.spec.counts.values()) == 40 * 12
    stored = np.concatenate([getattr(found, name).columns["features"].values for name in found.spec.counts])
    before = np.concatenate([getattr(data, name).columns["features"].values for name in found.spec.counts])
    np.testing.assert_array_equal(np.sort(stored, axis=0), np.sort(before, axis=0))


def test_few_classes_are_held_out_for_both_by_different_examples():
    _, found = adapted(crowds(10))
    assert len(classes(found.train)) == 6 and not classes(found.train) & classes(found.test)
    assert classes(found.validation) == classes(found.test)
    validation, test = (getattr(found, name).columns["features"].values for name in ("validation", "test"))
    assert not {row.tobytes() for row in validation} & {row.tobytes() for row in test}
    assert any("by different examples" in notice for notice in found.notices)


def test_characters_of_an_alphabet_stay_together():
    names = tuple(f"{alphabet}_{number}" for alphabet in "abcdefghijkl" for number in range(4))
    _, found = adapted(crowds(48, names=names), unseen=0.34)
    held = {
        names[label].partition("_")[0] for part in ("validation", "test") for label in classes(getattr(found, part))
    }
    assert len(held) == 4
    assert not held & {names[label].partition("_")[0] for label in classes(found.train)}


def test_a_test_split_of_classes_of_its_own_is_kept():
    data = crowds(20)
    label = "label"
    few = {
        n: s.take(np.flatnonzero(s.columns[label].values < 15))
        for n, s in (("train", data.train), ("validation", data.validation))
    }
    test = data.test.take(np.flatnonzero(data.test.columns[label].values >= 15))
    found = divided(dataclasses.replace(data, **few, test=test), 0.4)
    assert classes(found.test) == set(range(15, 20))
    assert len(classes(found.validation)) == 3 and len(classes(found.train)) == 12
    assert not classes(found.validation) & classes(found.train)


def test_episodes_are_a_function_of_seed_epoch_and_step():
    _, data = adapted(crowds(40))
    first = batches(data.train, epoch=0)
    assert len(first) == -(-len(data.train) // 30)
    for _, y in first:
        ways = y.reshape(10, 3)
        assert (ways == ways[:, :1]).all() and len(set(ways[:, 0])) == 10
    for x, _ in first:
        assert len(np.unique(x, axis=0)) == 30
    for other in (batches(data.train, epoch=1), batches(data.train, epoch=0, seed=1)):
        assert not any(np.array_equal(a, b) for (a, _), (b, _) in zip(first, other, strict=True))
    assert len({x.tobytes() for x, _ in first}) == len(first)
    later = batches(data.train, epoch=0, step=4)
    assert len(later) == len(first) - 4
    np.testing.assert_array_equal(later[0][0], first[4][0])


def test_it_learns_to_tell_classes_that_it_never_saw(tmp_path):
    """Half of the numbers say nothing and are large: only who has learned that tells new classes."""
    data = crowds(60, each=15, spread=0.3)
    noise = {}
    for number, name in enumerate(data.spec.counts):
        split = getattr(data, name)
        x = split.columns["features"].values.copy()
        x[:, 4:] = 3 * np.random.default_rng(number).normal(size=(len(x), 4))
        noise[name] = Split({"features": x, "label": split.columns["label"].values})
    config, data = task().adapt(get_config("mlp", hidden=(32,)), dataclasses.replace(data, **noise))
    options = Options(epochs=5, batch_size=60, learning_rate=1e-2)
    network = build(config, options)
    training = Training(network, config, task(), data, options, tmp_path, verbose=0)
    before = task().scores(network, config, data.test, data.spec)["accuracy"]
    rows = training.run()
    found = training.evaluate(data.test)
    assert found["ways"] == 5 and found["shots"] == 1
    assert found["accuracy"] > before + 0.15
    assert rows[-1]["val_cross_entropy"] < rows[0]["val_cross_entropy"]


def test_the_interval_is_that_of_the_mean_over_episodes():
    config, data = adapted(crowds(40), episodes=400)
    network = config.build()
    many, few = (task(episodes=n).scores(network, config, data.test, data.spec)["interval"] for n in (400, 100))
    assert 0 < many < 0.05
    assert many == pytest.approx(few / 2, rel=0.3)


def saved(data, folder, **options):
    learns = task(**options)
    config, found = learns.adapt(get_config("mlp", hidden=(16,)), data)
    network = build(config, Options())
    Training(network, config, learns, found, Options(epochs=1), folder / "run", verbose=0).run()
    return keras_dl.save(network, folder / "model", config=config, task=learns, spec=found.spec), found, network


def test_answers_are_the_training_class_of_the_nearest_mean(tmp_path):
    folder, data, network = saved(crowds(12), tmp_path)
    x, labels = (data.train.columns[name].values for name in ("features", "label"))
    encoder = surgery.embedding(network)
    features = np.array(encoder(x))
    means = {label: features[labels == label].mean(axis=0) for label in classes(data.train)}
    predictor = Predictor(folder)
    answers = predictor.answers(list("abcdef"), {"features": data.test.columns["features"].values[:6]})
    for row, answer in zip(np.array(encoder(data.test.columns["features"].values[:6])), answers, strict=True):
        distances = {label: np.sum((row - mean) ** 2) for label, mean in means.items()}
        assert answer.value["class"] == str(min(distances, key=distances.get))
        total = sum(np.exp(-distance) for distance in distances.values())
        for label in range(12):
            share = np.exp(-distances[label]) / total if label in distances else 0
            assert answer.value["probabilities"][str(label)] == pytest.approx(share, rel=1e-3, abs=1e-6)
        np.testing.assert_allclose(answer.value["embedding"], row, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kept", [{"patience": 1}, {"ema_momentum": 0.5}])
def test_prototypes_are_those_of_the_weights_that_are_kept(tmp_path, kept):
    config, data = task().adapt(get_config("mlp", hidden=(16,), normalization="batch"), crowds(12))
    options = Options(epochs=6, learning_rate=0.3, batch_size=18, **kept)
    network = build(config, options)
    rows = Training(network, config, task(), data, options, tmp_path, verbose=0).run()
    assert "ema_momentum" in kept or np.argmax([row["val_accuracy"] for row in rows]) < len(rows) - 1
    x, labels = (data.train.columns[name].values for name in ("features", "label"))
    features = np.array(surgery.embedding(network)(x))
    kernel, bias = network.get_layer("head").get_weights()
    for label in classes(data.train):
        mean = features[labels == label].mean(axis=0)
        np.testing.assert_allclose(kernel[:, label], 2 * mean, rtol=1e-3, atol=1e-4)
        assert bias[label] == pytest.approx(-np.sum(mean**2), rel=1e-3)


def test_other_data_are_all_unseen_and_the_same_are_not(tmp_path):
    names = tuple("abcdefghijklmnopqrst")
    folder, data, _ = saved(crowds(20, names=names), tmp_path)
    same = keras_dl.evaluate(folder, crowds(20, names=names))
    assert same["examples"] == len(data.test)
    others = keras_dl.evaluate(folder, crowds(7, names=tuple("ABCDEFG"), name="others"))
    assert others["examples"] == 7 * 12 and others["ways"] == 5
    seen = [names[label] for label in data.spec.columns["label"].seen]
    mixed = keras_dl.evaluate(folder, crowds(5, names=(*seen[:2], "X", "Y", "Z"), name="mixed"))
    assert mixed["examples"] == 3 * 12 and mixed["ways"] == 3
    with pytest.raises(UsageError, match="mixed has 1 classes that the network never saw"):
        keras_dl.evaluate(folder, crowds(3, names=(*seen[:2], "X"), name="mixed"))


@pytest.mark.parametrize(
    ("count", "options", "words"),
    [
        (3, {}, "crowds has 3 classes; 2 or more to learn from and 2 or more to hold out are wanted"),
        (10, {"ways": 6}, "validation of crowds has 4 classes; ways=6 is more"),
        (10, {"shots": 9}, "an episode takes 11 examples of each class, one has 8, in validation of crowds"),
        (10, {"unseen": 0.05}, "unseen=0.05 makes 10 and 0"),
    ],
)
def test_data_that_do_not_do(count, options, words):
    with pytest.raises(UsageError, match=words):
        adapted(crowds(count), **options)


def test_options_that_cannot_train(tmp_path):
    config, data = adapted(crowds(10))
    network = config.build()
    with pytest.raises(UsageError, match="3 examples of each of 2 classes or more, which are 6; batch_size=5 is less"):
        Training(network, config, task(), data, Options(batch_size=5), tmp_path, verbose=0).run()
    with pytest.raises(UsageError, match="leave strategy out"):
        task().learner(network, config, Options(strategy="mirrored"))


def test_resume_with_other_episodes_is_refused(tmp_path):
    config, data = adapted(crowds(10))
    Training(config.build(), config, task(), data, Options(epochs=1), tmp_path, verbose=0).run()
    other, changed = adapted(crowds(10), queries=3)
    with pytest.raises(UsageError, match="queries"):
        Training(other.build(), other, task(queries=3), changed, Options(epochs=1), tmp_path, verbose=0).run()


def test_xla_takes_whole_episodes(tmp_path):
    config, data = adapted(crowds(10))
    options = Options(epochs=1, batch_size=20, xla=True, deterministic=False)
    [row] = Training(build(config, options), config, task(), data, options, tmp_path, verbose=0).run()
    assert np.isfinite(row["val_cross_entropy"])


def test_digits_work_as_they_are():
    _, data = task(queries=5).adapt(get_config("resnet20"), load("digits"))
    assert [len(classes(getattr(data, name))) for name in ("train", "validation", "test")] == [6, 4, 4]
