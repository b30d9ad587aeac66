"""Verification and triplets: what a batch is, what is learned of classes never seen, turns, and what is refused."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from jobs import JOBS

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data import Data, Split
from keras_dl.data.spec import Column, Spec
from keras_dl.learning.encoders import encoder_of
from keras_dl.learning.likeness import drawn_pairs, equal_error_rate
from keras_dl.learning.probe import outputs
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training
from keras_dl.use.predictor import Predictor


def crowds(classes, each=12):
    """Classes of two numbers that say which, among four large ones that say nothing."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(classes, 2))
    labels = np.repeat(np.arange(classes), each)
    noise = 3 * generator.normal(size=(len(labels), 4))
    x = np.concatenate([centres[labels] + 0.1 * generator.normal(size=(len(labels), 2)), noise], axis=1)
    place = np.tile(np.arange(each), classes) % 3
    splits = {
        name: Split({"features": x[place == part].astype("float32"), "label": labels[place == part]})
        for part, name in enumerate(("train", "validation", "test"))
    }
    columns = {"features": Column(kind="features", shape=(6,)), "label": Column(kind="class", classes=classes)}
    return Data(spec=Spec(name="crowds", columns=columns), **splits)


def test_triplets_tell_classes_that_they_never_saw(tmp_path):
    task = get_task("triplets", queries=3, each=6)
    config, data = task.adapt(get_config("mlp", hidden=(32,)), crowds(60))
    options = Options(epochs=6, batch_size=60, learning_rate=1e-2)
    network = build(config, options)
    before = task.scores(network, config, data.test, data.spec)
    rows = Training(network, config, task, data, options, tmp_path, verbose=0).run()
    after = task.scores(network, config, data.test, data.spec)
    assert after["equal_error_rate"] < before["equal_error_rate"] - 0.1
    assert after["accuracy"] > before["accuracy"] + 0.1
    assert rows[-1]["val_triplet_loss"] < rows[0]["val_triplet_loss"]


def test_a_batch_of_verification_has_pairs_of_one_class_and_of_two():
    config, task, data, _ = JOBS["verification"]()
    config, data = task.adapt(config, data)
    x, y = next(iter(data.train.batches(16, task.arrange(config.build()))))
    assert x.keys() == {"image", "second_image"} and x["image"].shape == (8, 72, 72, 1)
    np.testing.assert_array_equal(y, [1, 0] * 4)
    pictures, labels = data.train.inputs(), data.train.labels
    of = {picture.tobytes(): label for picture, label in zip(pictures, labels, strict=True)}
    first, second = (np.array([of[one.numpy().tobytes()] for one in x[name]]) for name in x)
    np.testing.assert_array_equal(first == second, y)


def test_scores_of_verification_are_those_of_its_comparisons(tmp_path):
    config, task, data, options = JOBS["verification"]()
    config, data = task.adapt(config, data)
    network = build(config, options)
    found = task.scores(network, config, data.test, data.spec)
    pictures, labels = data.test.inputs(), data.test.labels
    first, second, same = drawn_pairs(labels)
    some = slice(0, 300)
    logits = network.predict({"image": pictures[first[some]], "second_image": pictures[second[some]]}, verbose=0)
    codes = outputs(network.get_layer("encoder"), data.test)
    np.testing.assert_allclose(task.compared(network, codes[first[some]], codes[second[some]]), logits[:, 0], rtol=1e-4)
    assert found["equal_error_rate"] == equal_error_rate(task.compared(network, codes[first], codes[second]), same)
    answers = task.answers(network, config, {"image": pictures[:3]}, data.spec)
    pairs = {"image": pictures[:3], "second_image": pictures[[0, 0, 0]]}
    expected = 1 / (1 + np.exp(-network.predict(pairs, verbose=0)[:, 0]))
    np.testing.assert_allclose([answer["same_as_first"] for answer in answers], expected, rtol=1e-4)


def test_models_are_evaluated_on_other_pictures(tmp_path):
    config, task, raw, options = JOBS["triplets"]()
    config, data = task.adapt(config, raw)
    network = build(config, options)
    Training(network, config, task, data, dataclasses.replace(options, epochs=1), tmp_path / "run", verbose=0).run()
    folder = keras_dl.save(network, tmp_path / "model", config=config, task=task, spec=data.spec)
    pictures = np.random.default_rng(0).integers(0, 256, (60, 9, 11, 3)).astype("uint8")
    columns = {
        "image": Column(kind="image", shape=(9, 11, 3)),
        "label": Column(kind="class", class_names=("a", "b", "c")),
    }
    split = Split.of(pictures, np.arange(60) % 3)
    other = Data(spec=Spec(name="other", columns=columns), train=split, validation=split, test=split)
    found = keras_dl.evaluate(folder, other)
    assert found["examples"] == 180 and found["ways"] == 3
    answers = Predictor(folder).answers(list("ab"), {"image": data.test.inputs()[:2]})
    first, second = encoder_of(network, config)(data.test.inputs()[:2]).numpy()
    assert answers[0].value["distance_to_first"] == pytest.approx(0, abs=1e-3)
    assert answers[1].value["distance_to_first"] == pytest.approx(np.linalg.norm(first - second), rel=1e-3)


def test_each_class_of_a_batch_is_turned_by_some_quarters_in_training_alone():
    task = get_task("prototypical", turned=True, queries=2)
    pictures = np.arange(6 * 9, dtype="float32").reshape(6, 3, 3, 1)
    batch = {"image": tf.constant(pictures), "label": tf.constant([7, 7, 2, 2, 5, 5], "int64")}
    seen = set()
    for number in range(12):
        x, y = task.prepare(batch, tf.constant([0, number], "int64"))
        turns = [[np.array_equal(one, np.rot90(picture, q)) for q in range(4)].index(True)
                 for one, picture in zip(x["image"].numpy(), pictures, strict=True)]  # fmt: skip
        assert turns[0::2] == turns[1::2]
        seen.add(tuple(turns[0::2]))
        np.testing.assert_array_equal(y, batch["label"])
    assert len(seen) > 6 and {turn for turns in seen for turn in turns} == {0, 1, 2, 3}
    np.testing.assert_array_equal(task.prepare(batch, None)[0]["image"], pictures)


@pytest.mark.parametrize(
    ("task", "network", "options", "words"),
    [
        (
            "triplets",
            "mlp",
            {"each": 9},
            "an episode takes 9 examples of each class, one has 8, in validation of crowds",
        ),
        ("triplets", "mlp", {"shots": 9}, "an episode takes 14 examples of each class, one has 12, in train of crowds"),
        ("triplets", "mlp", {"ways": 9, "queries": 2}, "validation of crowds has 4 classes; ways=9 is more"),
        (
            "triplets",
            "mlp",
            {"turned": True, "queries": 2},
            r"turned is for square pictures; those of crowds are \(6,\)",
        ),
        ("triplets", "mlp", {"each": 1}, "each must be at least 2, got 1"),
    ],
)
def test_what_cannot_be_learned(task, network, options, words):
    with pytest.raises(UsageError, match=words) as raised:
        get_task(task, **options).adapt(get_config(network), crowds(10))
    assert "\n" not in str(raised.value)


def test_one_example_of_a_class_is_too_few():
    data = crowds(10)
    less = {name: np.flatnonzero(getattr(data, name).labels < 9) for name in ("train", "validation", "test")}
    last = np.flatnonzero(data.train.labels == 9)[:1]
    splits = {name: getattr(data, name).take(places) for name, places in less.items()}
    splits["train"] = data.train.take(np.concatenate([less["train"], last]))
    for name in ("triplets", "verification", "prototypical"):
        with pytest.raises(UsageError, match="an episode takes 2 examples of each class, one has 1, in .* of crowds"):
            get_task(name, queries=1).adapt(get_config("mlp"), dataclasses.replace(data, **splits))


def test_networks_of_other_parts_are_refused(tmp_path):
    task = get_task("verification", queries=2)
    config, data = task.adapt(get_config("mlp"), crowds(10))
    with pytest.raises(UsageError, match="verification is for networks of encoder and comparison; mlp has no encoder"):
        Training(config.build(), config, task, data, Options(), tmp_path, verbose=0).run()
