"""Zero-shot learning: the loss by formula, classes never seen are told, and what is refused."""

import dataclasses

import numpy as np
import pytest
from jobs import OPTIONS, zero_shot

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.label_vectors import read_vectors
from keras_dl.data.unseen import LABEL
from keras_dl.learning.label_embedding import LabelEmbedding
from keras_dl.tasks import get_task
from keras_dl.training import build
from keras_dl.training.loop import Training
from keras_dl.use.predictor import Predictor


def test_the_loss_is_the_cross_entropy_of_cosines_with_seen_classes():
    network = keras_dl.build("mlp", input_shape=(4,), classes=3, hidden=(5,))
    generator = np.random.default_rng(0)
    x, vectors = generator.normal(size=(6, 4)).astype("float32"), generator.normal(size=(5, 3))
    y, seen = np.array([0, 4, 2, 1, 4, 3]), np.array([0, 2, 4])
    outputs = np.array(network(x), "float64")
    cosines = (outputs / np.linalg.norm(outputs, axis=1, keepdims=True)) @ (
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ).T
    logits = cosines[:, seen] / 0.5
    rows = np.flatnonzero(np.isin(y, seen))
    losses = np.log(np.exp(logits).sum(axis=1))[rows] - cosines[rows, y[rows]] / 0.5
    learner = LabelEmbedding(network, vectors, seen, 0.5)
    assert float(learner.named_losses(x, y, network(x), None, False)["cross_entropy"]) == pytest.approx(
        losses.mean(), rel=1e-5
    )
    right = seen[logits[rows].argmax(axis=1)] == y[rows]
    assert float(learner.measures(x, y, network(x), None)["seen_accuracy"]) == pytest.approx(right.mean())
    assert float(learner.count(x, y, None)) == 4


def test_classes_that_were_never_seen_are_told(tmp_path):
    config, task, raw, _ = zero_shot()
    config, data = task.adapt(config, raw)
    seen = data.spec.columns[LABEL].seen
    assert not np.isin(data.test.labels, seen).any() and np.isin(data.train.labels, seen).all()
    options = dataclasses.replace(OPTIONS, epochs=12, learning_rate=1e-2)
    training = Training(build(config, options), config, task, data, options, tmp_path / "run", verbose=0)
    training.run()
    found = training.evaluate(data.test)
    assert found["chance"] == 0.5 and found["accuracy"] > 0.9
    folder = keras_dl.save(training.network, tmp_path / "model", config=config, task=task, spec=data.spec)
    assert keras_dl.evaluate(folder, raw)["accuracy"] == pytest.approx(found["accuracy"])
    predictor = Predictor(folder)
    [answer] = predictor.answers(["a"], {"image": data.train.inputs()[:1]})
    assert next(iter(answer.value["cosines"])) == answer.value["class"] and len(answer.value["cosines"]) == 5
    with pytest.raises(UsageError, match="the model has vectors of none, left, top, both, bright; digits has 0, 1"):
        keras_dl.evaluate(folder, load("digits"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("class,x\na,1\n", "has no vector of b; it has those of a"),
        ("class,x,y\na,1,0\nb,?,1\n", "holds '\\?' in the row of 'b'; numbers are wanted"),
        ("class,x,y\na,1,0\na,0,1\nb,1,1\n", "has the class 'a' twice"),
        ("class\na\nb\n", "holds no numbers; a class and its attributes a row are wanted"),
        ("class,x,y\na,0,0\nb,1,1\n", "the vector of a in .* is 0; it has no direction"),
        ("class,x,y\na,1,2\nb,2,4\n", "a and b have vectors of one direction"),
    ],
)
def test_vectors_that_say_nothing_are_refused(tmp_path, content, words):
    (tmp_path / "v.csv").write_text(content)
    with pytest.raises(UsageError, match=words):
        read_vectors(tmp_path / "v.csv", ("a", "b"))


def test_what_cannot_be_told_is_refused():
    _, task, data, _ = zero_shot()
    with pytest.raises(UsageError, match="needs a table of what classes are like: --task.vectors attributes.csv"):
        get_task("zero_shot").adapt(get_config("zero_shot_label_embedding"), data)
    with pytest.raises(UsageError, match="needs a network of classes whose outputs are bare"):
        task.adapt(get_config("mlp", classifier_activation="softmax"), data)
