"""Speech: strings with known borders, states found anew, words decoded, files of sound."""

import numpy as np
import pytest
import soundfile
from jobs import JOBS

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.utterances import SERIES, STATES, WORDS
from keras_dl.learning.aligned import Aligned
from keras_dl.learning.hidden_markov import errors
from keras_dl.training import Options
from keras_dl.training.job import Job

OPTIONS = Options(epochs=35, batch_size=8, learning_rate=1e-2, schedule="cosine")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    config, task, data, _ = JOBS["speech_recognition"]()
    folder = tmp_path_factory.mktemp("speech")
    job = Job(network=config, task=task, loading={}, options=OPTIONS)
    done = job.train(folder / "run", *task.adapt(config, data), verbose=0)
    done.save(folder / "model")
    return done, data, folder / "model"


def test_strings_have_known_borders_and_equal_states():
    config, task, data, _ = JOBS["speech_recognition"]()
    config, found = task.adapt(config, data)
    assert config.classes == 3 * 3 + 1 and config.series == found.spec.shape
    columns = found.train.columns
    states, words = columns[STATES].values, columns[WORDS].values
    assert len(found.train) == 30 and np.bincount(words.ravel()).tolist() == [20, 20, 20]
    for row, string in zip(states, words, strict=True):
        there = row[row >= 0]
        assert (row[len(there) :] == -1).all() and there[0] == there[-1] == 9
        changes = there[np.flatnonzero(np.diff(there, prepend=-1))]
        middle = [state for word in string for state in (9, *range(3 * word, 3 * word + 3))]
        np.testing.assert_array_equal(changes, [*middle, 9])
        lengths = np.diff(np.flatnonzero(np.diff(there, prepend=-1, append=-1)))
        for word in range(2):
            assert np.ptp(lengths[4 * word + 1 : 4 * word + 4]) <= 1
    series = columns[SERIES].values
    np.testing.assert_allclose(series.mean(axis=(0, 1)), 0, atol=1e-3)
    np.testing.assert_allclose(series.std(axis=(0, 1)), 1, atol=1e-3)
    loud = series.mean(axis=-1)
    assert loud[(states >= 0) & (states < 9)].mean() > loud[states == 9].mean() + 1


def test_words_are_heard(made):
    done, data, folder = made
    found = done.evaluate(done.training.data.test)
    assert found["word_error_rate"] < 0.1
    assert keras_dl.evaluate(folder, data)["word_error_rate"] == pytest.approx(found["word_error_rate"])
    split = done.training.data.test
    answers = done.job.task.answers(
        done.network, done.training.config, {SERIES: split.columns[SERIES].values}, done.training.data.spec
    )
    names = data.spec.class_names
    right = [[names[word] for word in string] for string in split.columns[WORDS].values]
    wrong = sum(errors(one["text"].split(), string) for one, string in zip(answers, right, strict=True))
    assert wrong / 60 == pytest.approx(found["word_error_rate"], abs=0.05)


def test_a_file_of_any_length_is_heard(made, tmp_path):
    done, data, folder = made
    sounds, labels = data.test.stored, data.test.labels
    gap, order = np.zeros(1200, "float32"), [0, 4, 8, 9, 13, 3]
    parts = [part for place in order for part in (gap, np.trim_zeros(sounds[place]))]
    soundfile.write(tmp_path / "long.wav", np.concatenate([*parts, gap]), 8000)
    [answer] = keras_dl.predict(folder, tmp_path / "long.wav")
    names = data.spec.class_names
    assert errors(answer.value["text"].split(), [names[labels[place]] for place in order]) <= 1
    task, spec = done.job.task, done.training.data.spec
    assert task.draw(done.network, done.training.config, done.training.data.test, spec, tmp_path / "states.png")
    assert (tmp_path / "states.png").stat().st_size > 5000


def test_states_are_found_anew_and_their_shares_left_out(made):
    done, _, _ = made
    learner, train = done.training.learner, done.training.data.train
    assert isinstance(learner, Aligned)
    start, found = train.columns[STATES].values, learner.found.numpy()
    assert ((start >= 0) == (found >= 0)).all() and 0 < np.mean(start != found) < 0.5
    counts = np.bincount(found[found >= 0], minlength=10) + 1
    np.testing.assert_allclose(learner.log_shares.numpy(), np.log(counts / counts.sum()), rtol=1e-5)
    series = train.columns[SERIES].values[:8]
    y = {STATES: start[:8], "index": np.arange(8)}
    weights = (start[:8] >= 0).astype("float32")
    outputs = done.network(series).numpy()
    for training, labels in ((True, found[:8]), (False, start[:8])):
        logits = outputs.astype("float64") + learner.log_shares.numpy()
        losses = (
            np.log(np.exp(logits).sum(-1)) - np.take_along_axis(logits, np.maximum(labels, 0)[..., None], -1)[..., 0]
        )
        expected = (losses * weights).sum() / weights.sum()
        assert float(learner.named_losses(series, y, outputs, weights, training)["frame_loss"]) == pytest.approx(
            expected, rel=1e-4
        )


def test_other_data_and_networks_are_refused(made):
    _, task, data, _ = JOBS["speech_recognition"]()
    with pytest.raises(UsageError, match="needs a column of audio; digits has image"):
        task.adapt(get_config("speech_dnn_hmm"), load("digits"))
    with pytest.raises(UsageError, match="is for networks of frames, such as speech_dnn_hmm; not mlp"):
        task.adapt(get_config("mlp"), data)
    with pytest.raises(UsageError, match="the train split of toy has 60 recordings; strings of 61 words are wanted"):
        task.replace(words=61).adapt(get_config("speech_dnn_hmm"), data)
