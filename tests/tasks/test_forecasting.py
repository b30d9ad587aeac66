"""Forecasting: the loss by its formula, scores in units, a continuation, any network of series."""

import dataclasses
import json

import numpy as np
import pytest
from jobs import JOBS

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data.series import from_series
from keras_dl.lazy import tf
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.job import Job
from keras_dl.use.predict import Predict
from keras_dl.use.predictor import Predictor

OPTIONS = Options(epochs=30, batch_size=16, learning_rate=1e-2, schedule="cosine")


def trained(config, task, data, folder, options=OPTIONS):
    job = Job(network=config, task=task, loading={}, options=options)
    return job.train(folder / "run", *task.adapt(config, data), verbose=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    config, task, data, _ = JOBS["forecasting"]()
    folder = tmp_path_factory.mktemp("forecasting")
    done = trained(config, task, data, folder)
    done.save(folder / "model")
    return done, data, folder


def test_scores_are_of_the_step_after_a_whole_window(made):
    done, raw, _ = made
    split, spec = done.training.data.test, done.training.data.spec
    windows, following = (split.columns[name].values for name in ("series", "number"))
    errors = done.network.predict(windows, verbose=0)[:, -1] - following
    found = done.evaluate(split)
    assert found["loss"] == pytest.approx(np.mean(np.square(errors)), rel=1e-4)
    scales = np.array(spec.columns["series"].scales)
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean(np.square(errors * scales))), rel=1e-4)
    assert found["mae"] == pytest.approx(np.mean(np.abs(errors * scales)), rel=1e-4)
    truth = np.concatenate([getattr(raw, name).stored for name in ("train", "validation", "test")])
    resting = np.diff(truth, axis=0)[-len(errors) :]
    skill = 1 - np.mean(np.square(errors * scales)) / np.mean(np.square(resting))
    assert found["skill"] == pytest.approx(skill, rel=1e-3)
    assert skill > 0.8
    again = keras_dl.evaluate(made[2] / "model", raw)
    assert again["rmse"] == pytest.approx(found["rmse"], rel=1e-5)


def test_training_learns_from_every_step_evaluation_from_the_last(made):
    task = made[0].job.task
    series, following = np.arange(24, dtype="float32").reshape(2, 4, 3), np.full((2, 3), -1, "float32")
    batch = {"series": tf.constant(series), "number": tf.constant(following)}
    _, y, weights = task.prepare(batch, tf.constant([0, 0], "int64"))
    np.testing.assert_array_equal(y[:, :-1], series[:, 1:])
    np.testing.assert_array_equal(y[:, -1], following)
    np.testing.assert_array_equal(weights, np.ones((2, 4)))
    np.testing.assert_array_equal(task.prepare(batch, None)[2], [[0, 0, 0, 4]] * 2)


def test_the_continuation_takes_each_step_for_granted(made):
    done, _, _ = made
    window = done.training.data.test.columns["series"].take(np.arange(3))
    told = done.job.task.continued(done.network, window)
    assert told.shape == (3, done.job.task.horizon, 2)
    seen = window
    for step in range(3):
        following = done.network.predict(seen[:, -window.shape[1] :], verbose=0)[:, -1]
        np.testing.assert_allclose(told[:, step], following, rtol=1e-5, atol=1e-6)
        seen = np.concatenate([seen, following[:, None]], axis=1)


def test_a_table_is_continued_by_the_command(made, tmp_path, capsys):
    done, raw, folder = made
    truth = np.concatenate([getattr(raw, name).stored for name in ("train", "validation")])
    (tmp_path / "past.csv").write_text("\n".join(["wave,beat", *(f"{a},{b}" for a, b in truth)]))
    [answer] = Predict(model=str(folder / "model"), inputs=(str(tmp_path / "past.csv"),)).run()
    assert "wave: " in capsys.readouterr().out
    told = np.array([answer.value["wave"], answer.value["beat"]]).T
    error = np.sqrt(np.mean(np.square(told[:5] - raw.test.stored[:5]), axis=0))
    assert (error < [0.1, 1.0] * raw.test.stored.std(axis=0)).all()
    assert json.loads(json.dumps(answer.value)) == answer.value
    spec = done.training.data.spec
    assert done.job.task.draw(
        done.network, done.training.config, done.training.data.test, spec, tmp_path / "series.png"
    )
    assert (tmp_path / "series.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "config", [get_config("mlp", hidden=()), get_config("lstm_classifier", units=16, dropout=0.0)], ids=["mlp", "lstm"]
)
def test_networks_that_tell_one_step_learn_it_too(config, tmp_path):
    _, task, data, _ = JOBS["forecasting"]()
    done = trained(config, task, data, tmp_path, dataclasses.replace(OPTIONS, epochs=10))
    found = done.evaluate(done.training.data.test)
    assert found["skill"] > 0.5
    done.save(tmp_path / "model")
    inputs = {"series": done.training.data.test.columns["series"].take(np.arange(2))}
    predictor = Predictor(tmp_path / "model")
    [one, other] = predictor.answers(["a", "b"], inputs)
    assert len(one.value["wave"]) == task.horizon and one.value != other.value


def test_other_networks_and_other_series_are_refused(made):
    with pytest.raises(UsageError, match="classification needs a column of class; .* --task forecasting learns these"):
        get_task("classification").adapt(get_config("mlp"), made[1])
    task, data = made[0].job.task, made[1]
    with pytest.raises(UsageError, match="is for networks of series, such as next_step_predictor; not gpt"):
        task.adapt(get_config("gpt2_small"), data)
    other = from_series(np.arange(200.0), names=("up",))
    with pytest.raises(UsageError, match="the model goes on with wave, beat; series has up"):
        keras_dl.evaluate(made[2] / "model", other)
