"""Imputation: what is hidden, the losses by formula, learned on a toy, gaps filled, and what is refused."""

import csv
import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from jobs import OPTIONS, imputation

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.gaps import CELLS, groups
from keras_dl.data.table import Table
from keras_dl.tasks import get_task
from keras_dl.training import build
from keras_dl.training.loop import Training
from keras_dl.use.predict import Predict
from keras_dl.use.predictor import Predictor


def adapted():
    config, task, data, _ = imputation()
    config, data = task.adapt(config, data)
    return config, task.for_data(data.spec), data


def prepared(task, features, key):
    return task.prepare({"features": tf.constant(features)}, key)


def test_only_what_is_known_is_hidden_and_a_cell_as_a_whole():
    _, task, data = adapted()
    features = data.train.columns["features"].values
    gaps = np.isnan(features)
    x, y, hidden = prepared(task, features, tf.constant([0, 1], "int64"))
    x, y, hidden = {name: value.numpy() for name, value in x.items()}, y.numpy(), hidden.numpy()
    assert gaps.any() and not hidden[gaps].any()
    np.testing.assert_array_equal(x["known"], 1 - gaps - hidden)
    np.testing.assert_array_equal(x["features"][x["known"] == 0], 0)
    seen = x["known"] == 1
    np.testing.assert_array_equal(x["features"][seen], features[seen])
    np.testing.assert_array_equal(y[hidden == 1], features[hidden == 1])
    np.testing.assert_array_equal(hidden[:, 3], hidden[:, 4])  # the two words of one cell
    cells = hidden[:, :4].sum() / (~gaps[:, :4]).sum()
    assert 0.2 < cells < 0.4
    other = prepared(task, features, tf.constant([0, 2], "int64"))[2].numpy()
    assert (other != hidden).any()


def test_evaluation_hides_the_same_in_any_company():
    _, task, data = adapted()
    features = data.test.columns["features"].values
    whole, part = prepared(task, features, None)[2].numpy(), prepared(task, features[3:5], None)[2].numpy()
    assert whole.sum() > 0 and len({row.tobytes() for row in whole}) > 3
    np.testing.assert_array_equal(part, whole[3:5])


def test_losses_are_those_of_the_definition():
    config, task, data = adapted()
    network = config.build()
    learner = task.learner(network, config, OPTIONS)
    x, y, hidden = prepared(task, data.train.columns["features"].values, tf.constant([0, 1], "int64"))
    outputs, truth, where = network(x).numpy().astype("float64"), y.numpy(), hidden.numpy() == 1
    numbers = where[:, :3]
    rows = where[:, 3]
    logits, words = outputs[rows, 3:], truth[rows, 3:].argmax(axis=1)
    wanted = {
        "number_loss": np.mean((outputs[:, :3] - truth[:, :3])[numbers] ** 2),
        "word_loss": np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(rows.sum()), words]),
        "number_loss_of_mean": np.mean(truth[:, :3][numbers] ** 2),
        "word_accuracy": np.mean(logits.argmax(axis=1) == words),
    }
    found = learner.named_losses(x, y, network(x), hidden, False) | learner.measures(x, y, network(x), hidden)
    assert {name: float(value) for name, value in found.items()} == pytest.approx(wanted, rel=1e-5)
    learner.compile()
    logged = learner.evaluate(data.test.batches(7, task.arrange(network)), verbose=0, return_dict=True)
    whole = learner.evaluate(data.test.batches(99, task.arrange(network)), verbose=0, return_dict=True)
    assert logged == pytest.approx(whole, rel=1e-4)  # batches with less that is hidden count less


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    config, task, raw, _ = imputation(600)
    config, data = task.adapt(config, raw)
    folder = tmp_path_factory.mktemp("imputation")
    options = dataclasses.replace(OPTIONS, epochs=10, learning_rate=1e-2)
    training = Training(build(config, options), config, task, data, options, folder / "run", verbose=0)
    training.run()
    model = keras_dl.save(training.network, folder / "model", config=config, task=task, spec=data.spec)
    return model, training, data, raw


def test_it_learns_to_tell_what_is_hidden(trained):
    model, training, data, raw = trained
    found = training.evaluate(data.test)
    assert found["number_loss"] < 0.75 * found["number_loss_of_mean"] and found["word_accuracy"] > 0.6
    assert keras_dl.evaluate(model, raw)["number_loss"] == pytest.approx(found["number_loss"], rel=1e-4)


def test_a_table_is_filled_and_its_cells_stay(trained, tmp_path, capsys):
    model, *_ = trained
    rows = [["note", "y", "x", "sign", "sum"], ["a", "0.50", "12.5", "?", "12.00"], ["b", "1", "NA", "minus", "?"]]
    with open(tmp_path / "new.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    Predict(str(model), (str(tmp_path / "new.csv"),), csv=True).run()
    header, first, second = csv.reader(capsys.readouterr().out.splitlines())
    assert header[1:] == rows[0] and first[0].endswith("new.csv:2")
    assert first[1:4] == ["a", "0.50", "12.5"] and first[4:] == ["plus", "12.00"]
    assert second[1:3] == ["b", "1"] and second[4] == "minus"
    assert float(second[3]) < 10 and float(second[5]) < float(second[3])
    Predict(str(model), (str(tmp_path / "new.csv"),)).run()
    shown = capsys.readouterr().out
    assert "sign: plus" in shown and "0.50" not in shown


def test_features_are_filled_in_their_units(trained):
    model, _, data, _ = trained
    predictor = Predictor(model)
    features = data.test.columns["features"].values[:5]
    assert np.isnan(features).any()
    for row, answer in zip(features, predictor.answers(list("abcde"), {"features": features}), strict=True):
        table = Table.from_json(data.spec.columns["features"].vocabulary)
        gaps = {group.name for group in groups(table) if np.isnan(row[group.start])}
        assert answer.value["filled"].keys() == gaps and answer.value["row"].keys() == {"x", "y", "sum", "sign"}
        for group in groups(table):
            if group.name not in gaps and not group.of_words:
                known = row[group.start] * group.column.deviation + group.column.mean
                assert answer.value["row"][group.name] == pytest.approx(known, rel=1e-5)


def test_rows_without_a_first_line_are_numbered_from_1(tmp_path):
    (tmp_path / "t.csv").write_text("".join(f"{n % 7},{n},{'?' if n % 3 else n * 2}\n" for n in range(30)))
    data = load(tmp_path / "t.csv", whole=True)
    config = get_config("masked_imputer", units=16).for_data(data.spec)
    model = keras_dl.save(config.build(), tmp_path / "m", config=config, task=get_task("imputation"), spec=data.spec)
    sources, inputs = Predictor(model).read([tmp_path / "t.csv"])
    assert sources[0] == f"{tmp_path}/t.csv:1" and inputs[CELLS][1]["column 3"] == "?"


def test_what_cannot_be_imputed_is_refused(trained, tmp_path):
    model, *_ = trained
    (tmp_path / "full.csv").write_text("x,y,sum,sign\n1,2,3,plus\n")
    with pytest.raises(UsageError, match="full.csv has no gaps to fill"):
        Predictor(model).read([tmp_path / "full.csv"])
    (tmp_path / "other.csv").write_text("x,y,sum,sign\n1,2,?,zero\n")
    with pytest.raises(UsageError, match="column sign: 'zero' is none of minus, plus"):
        Predictor(model).read([tmp_path / "other.csv"])
    task = get_task("imputation")
    with pytest.raises(UsageError, match="imputation needs a column of features; digits has image"):
        task.adapt(get_config("masked_imputer"), load("digits"))
    with pytest.raises(UsageError, match="imputation is for networks such as masked_imputer; not mlp"):
        task.learner(get_config("mlp").build(), get_config("mlp"), OPTIONS)
