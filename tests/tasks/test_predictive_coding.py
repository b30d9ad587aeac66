"""Contrastive predictive coding: sounds that have ended, what is learned, sounds of other lengths, what is refused."""

import dataclasses

import numpy as np
import pytest
import soundfile
from jobs import few, tones

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.learning.predictive import info_nce
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training
from keras_dl.use.predictor import Predictor

TASK = get_task("predictive_coding")
GENERATOR = np.random.default_rng(0)


def test_sounds_that_have_ended_are_no_candidates():
    latents = GENERATOR.normal(size=(3, 4, 5)).astype("float32")
    predictions = GENERATOR.normal(size=(3, 4, 1, 5)).astype("float32")
    going = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]], bool)
    whole = [float(value) for value in info_nce(latents, predictions, going)]
    other = latents.copy()
    other[~going] = 100.0
    np.testing.assert_allclose([float(value) for value in info_nce(other, predictions, going)], whole, rtol=1e-6)
    assert whole[2] == pytest.approx((3 / 3 + 2 / 2) / 5)  # three sounds at the second step, two at the third, then one


def test_a_sound_ends_at_its_last_sample():
    sounds = np.zeros((3, 10), "float32")
    sounds[0, 3], sounds[1, 9] = -0.5, 0.1
    _, ends = TASK.prepare({"audio": sounds}, None)
    np.testing.assert_array_equal(ends, [4, 10, 0])


def test_it_learns_what_comes_next(tmp_path):
    config, data = TASK.adapt(get_config("cpc", filters=16, units=16, steps=2), tones())
    options = Options(epochs=30, batch_size=16, learning_rate=3e-3)
    training = Training(build(config, options), config, TASK, data, options, tmp_path, verbose=0)
    rows = training.run()
    assert rows[-1]["val_info_nce"] < 0.7 * rows[0]["val_info_nce"]
    assert rows[-1]["val_accuracy"] > 3 * rows[-1]["val_chance"]
    found = training.evaluate(data.test)
    assert found.keys() >= {"loss", "accuracy", "chance", "linear_probe"}


def test_recordings_of_any_length_are_taken(tmp_path):
    config, data = TASK.adapt(get_config("cpc", filters=8, units=8, steps=2), tones())
    network = build(config, Options())
    folder = keras_dl.save(network, tmp_path / "model", config=config, task=TASK, spec=data.spec)
    longer = tones()
    parts = {name: getattr(longer, name) for name in ("train", "validation", "test")}
    parts = {
        name: dataclasses.replace(
            part,
            columns={**part.columns, "audio": np.pad(part.columns["audio"].values, ((0, 0), (0, 200)))},
            shape=None,
        )
        for name, part in parts.items()
    }
    longer = dataclasses.replace(longer, spec=longer.spec.replace("audio", shape=(1200,)), **parts)
    one, other = (keras_dl.evaluate(folder, found) for found in (tones(), longer))
    assert one["info_nce"] == pytest.approx(other["info_nce"], rel=1e-5)
    slower = dataclasses.replace(longer, spec=longer.spec.replace("audio", rate=4000))
    with pytest.raises(UsageError, match="the model takes sounds of 8000 samples a second; toy has 4000"):
        keras_dl.evaluate(folder, slower)
    sound = data.test.columns["audio"].values[0]
    soundfile.write(tmp_path / "sound.wav", sound[:700], 8000, subtype="FLOAT")
    predictor = Predictor(folder)
    sources, inputs = predictor.read([tmp_path / "sound.wav"])
    assert inputs["audio"].shape == (1, 1000)
    [answer] = predictor.answers(sources, inputs)
    expected = config.representation(network)(np.pad(sound[:700], (0, 300))[None])[0]
    np.testing.assert_allclose(answer.value["embedding"], expected, atol=1e-5)


def test_what_cannot_be_learned():
    with pytest.raises(UsageError, match="predictive_coding needs a column of audio; digits has image"):
        TASK.adapt(get_config("cpc"), few(load("digits")))
    config = get_config("mlp")
    with pytest.raises(UsageError, match="predictive_coding is for networks with latents and predictions, such as cpc"):
        TASK.learner(config.build(), config, Options())
