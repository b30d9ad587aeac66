"""Captioning: one caption drawn of several, the score against all of them, files of pictures."""

import dataclasses

import numpy as np
import pytest
import sacrebleu
from jobs import JOBS, toy
from PIL import Image

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.captions import TARGET
from keras_dl.data.source import Array
from keras_dl.data.spec import Column
from keras_dl.data.vocabulary import BEGIN, END, Vocabulary
from keras_dl.lazy import tf
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.job import Job

OPTIONS = Options(epochs=40, batch_size=16, learning_rate=2e-2, schedule="cosine")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    config, task, data, _ = JOBS["captioning"]()
    folder = tmp_path_factory.mktemp("captions")
    job = Job(network=config.replace(dropout=0.1), task=task, loading={}, options=OPTIONS)
    done = job.train(folder / "run", *task.adapt(config.replace(dropout=0.1), data), verbose=0)
    done.save(folder / "model")
    return done, data, folder / "model"


def test_captions_say_what_is_seen(made):
    done, data, folder = made
    split, spec = done.training.data.test, done.training.data.spec
    columns = {"features": split.columns["features"].values}
    answers = [one["text"] for one in done.job.task.answers(done.network, done.training.config, columns, spec)]
    right = [{text.lower().strip(".") for text in texts} for texts in data.test.columns["captions"].values]
    ways = [both | {"the small {3} is {2}".format(*one.split()) for one in both if one[:2] == "a "} for both in right]
    assert np.mean([answer in way for answer, way in zip(answers, ways, strict=True)]) > 0.9
    found = done.evaluate(split)
    vocabulary = Vocabulary.from_json(spec.columns[TARGET].vocabulary)
    references = [
        [text.lower().strip(".") if text else None for text in data.test.columns["captions"].values[:, place]]
        for place in range(2)
    ]
    score = sacrebleu.BLEU(tokenize="none").corpus_score(answers, references).score
    assert found["bleu"] == pytest.approx(score) and score > 80
    assert keras_dl.evaluate(folder, data)["bleu"] == pytest.approx(score)
    beams = done.job.task.replace(beam_width=3).answers(done.network, done.training.config, columns, spec)
    assert np.mean([beam["text"] in way for beam, way in zip(beams, ways, strict=True)]) > 0.9
    assert all(word in vocabulary.tokens for answer in answers for word in answer.split())


def test_each_caption_that_there_is_comes_in_turn(made):
    done, _, _ = made
    split, task = done.training.data.test, done.job.task
    names = [name for name in split.columns if name.endswith(TARGET)]
    first, second = (split.columns[name].values[:6] for name in names)
    assert (first[:, 0] == BEGIN).all() and not second[0].any() and second[1].any()
    batch = {name: tf.constant(source.values[:6]) for name, source in split.columns.items()}
    seen = [[] for _ in range(6)]
    for number in range(30):
        x, y, weights = (part for part in task.prepare(batch, tf.constant([0, number], "int64")))
        np.testing.assert_array_equal(x[TARGET][:, 1:], y[:, :-1])
        np.testing.assert_array_equal(weights, y.numpy() != 0)
        for row, ids in enumerate(y.numpy()):
            seen[row].append(tuple(ids))
    for row in range(6):
        there = {tuple(one[row][1:]) for one in (first, second) if one[row].any()}
        assert set(seen[row]) == there
        assert all(END in one for one in there)
    np.testing.assert_array_equal(task.prepare(batch, None)[1], first[:, 1:])


def pictures():
    """Red and blue pictures, of the size of a photograph's corner."""
    labels = np.arange(12) % 2
    images = np.where(labels[:, None, None, None] == 0, [250, 0, 0], [0, 0, 250]) * np.ones((12, 40, 40, 1))
    captions = np.array([[("red", "blue")[label] + " all over"] for label in labels], object)
    columns = {"image": Column(kind="image", shape=(40, 40, 3)), "captions": Column(kind="texts", shape=(1,))}
    return toy(columns, {"image": images.astype("uint8"), "captions": Array(captions)})


@pytest.mark.slow
def test_a_trunk_reads_pictures(tmp_path):
    data = pictures()
    config = get_config("image_captioner", trunk="resnet18", input_shape=(40, 40, 3), width=16, target_length=5)
    task = get_task("captioning", least=1)
    options = dataclasses.replace(OPTIONS, epochs=4, batch_size=4, learning_rate=3e-3, schedule="constant")
    done = Job(network=config, task=task, loading={}, options=options).train(
        tmp_path / "run", *task.adapt(config, data), verbose=0
    )
    done.save(tmp_path / "model")
    Image.fromarray(data.test.stored[0]).resize((60, 50)).save(tmp_path / "red.png")
    [answer] = keras_dl.predict(tmp_path / "model", tmp_path / "red.png")
    assert "all over" in answer.value["text"]
    spec = done.training.data.spec
    assert task.draw(done.network, done.training.config, done.training.data.test, spec, tmp_path / "seen.png")
    assert (tmp_path / "seen.png").stat().st_size > 5000


def test_what_does_not_fit_is_refused(made):
    config, task, data, _ = JOBS["captioning"]()
    with pytest.raises(UsageError, match="captioning needs a column of texts; digits has image"):
        task.adapt(config, load("digits"))
    with pytest.raises(UsageError, match="is for networks such as image_captioner; not mlp"):
        task.adapt(get_config("mlp"), data)
    with pytest.raises(UsageError, match="choose trunk: inception_v3, resnet18"):
        task.adapt(config, pictures())
    columns = {"features": data.spec.columns["features"], "captions": data.spec.columns["captions"]}
    texts = data.train.columns["captions"].values.copy()
    texts[3] = ""
    bad = toy(columns, {"features": data.train.columns["features"].values, "captions": Array(texts)})
    with pytest.raises(UsageError, match="a picture in the train split of toy has no caption"):
        task.adapt(config, bad)
