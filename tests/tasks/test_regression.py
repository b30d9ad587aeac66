"""Numbers are learned on a scale of their own and answered in their units."""

from pathlib import Path

import numpy as np
import pytest
from jobs import JOBS

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.job import Job
from keras_dl.training.loop import Training


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    config, task, data, options = JOBS["regression"]()
    raw = data
    config, data = task.adapt(config, data)
    options = type(options)(epochs=60, batch_size=16, learning_rate=1e-2)
    training = Training(build(config, options), config, task, data, options, tmp_path_factory.mktemp("r"), verbose=0)
    training.run()
    return training, raw


def test_answers_and_errors_are_in_the_units_of_the_data(trained):
    training, raw = trained
    answers = training.task.answers(
        training.network, training.config, {"features": raw.test.stored}, training.data.spec
    )
    numbers, truth = np.array([answer["numbers"] for answer in answers]), raw.test.columns["number"].values
    assert np.corrcoef(numbers[:, 0], truth[:, 0])[0, 1] > 0.97
    assert abs(numbers[:, 0].mean() - 1000) < 20
    found = training.evaluate(training.data.test)
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean(np.square(numbers - truth))), rel=1e-4)
    assert found["mae"] == pytest.approx(np.mean(np.abs(numbers - truth)), rel=1e-4)
    squares = np.square(numbers - truth).sum(axis=0) / np.square(truth - truth.mean(axis=0)).sum(axis=0)
    assert found["r2_score"] == pytest.approx(np.mean(1 - squares), abs=1e-4)


def test_other_data_are_brought_to_the_scale_of_training(trained):
    training, raw = trained
    again = training.task.encoded(training.config, raw, training.data.spec)
    np.testing.assert_array_equal(again.test.columns["number"].values, training.data.test.columns["number"].values)


def test_data_without_numbers_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"regression needs a column of number; digits has image \(image\), label"):
        get_task("regression").adapt(get_config("mlp"), load("digits"))
    assert not list(Path(tmp_path).iterdir())


def test_an_evaluation_measures_what_the_training_did(trained, tmp_path, capsys):
    import keras_dl
    from keras_dl.use.evaluate import Evaluate

    training, raw = trained
    folder = keras_dl.save(
        training.network, tmp_path / "model", config=training.config, task=training.task, spec=training.data.spec
    )
    found = keras_dl.evaluate(folder, raw)
    assert found == {"examples": 96, **training.evaluate(training.data.test)}
    rows = [
        ",".join(map(str, [*features, numbers[0]]))
        for features, numbers in zip(raw.test.stored, truth(raw), strict=True)
    ]
    (tmp_path / "table.csv").write_text("\n".join([",".join([*"abcdefgh", "number"]), *rows]))
    config, task = get_config("mlp", hidden=(16,)), get_task("regression")
    loading = {"name": str(tmp_path / "table.csv"), "target": "number", "seed": 0}
    job = Job(network=config, task=task, loading=loading, options=Options(epochs=20, batch_size=8, learning_rate=1e-2))
    config, data = job.adapted()
    done = job.train(tmp_path / "run", config, data, verbose=0)
    done.save(tmp_path / "table")
    command = Evaluate(str(tmp_path / "table"), loading["name"], target="number", out=str(tmp_path / "out"))
    assert command.run() == {"examples": len(data.test), **done.evaluate(data.test)}


def truth(raw):
    return raw.test.columns["number"].values


def test_another_table_is_on_the_scale_of_the_trained_one(tmp_path):
    import keras_dl

    x = np.random.default_rng(0).normal(size=(200, 2))
    for name, factor in (("first", 1), ("second", 10)):
        rows = [f"{factor * a},{factor * b},{factor * (a + 2 * b)}" for a, b in x]
        (tmp_path / f"{name}.csv").write_text("\n".join(["a,b,sum", *rows]))
    config, task = get_config("mlp", hidden=()), get_task("regression")
    loading = {"name": str(tmp_path / "first.csv"), "target": "sum", "seed": 0}
    job = Job(network=config, task=task, loading=loading, options=Options(epochs=60, batch_size=16, learning_rate=0.02))
    config, data = job.adapted()
    job.train(tmp_path / "run", config, data, verbose=0).save(tmp_path / "model")
    first, second = (load(str(tmp_path / f"{name}.csv"), target="sum") for name in ("first", "second"))
    for data in (first, second):
        assert keras_dl.evaluate(tmp_path / "model", data)["r2_score"] > 0.999
    [answer] = keras_dl.predict(tmp_path / "model", written(tmp_path / "new.csv", "a,b\n30,-10\n"))
    assert answer.value["number"] == pytest.approx(10, abs=0.5)


def written(path, text):
    path.write_text(text)
    return path
