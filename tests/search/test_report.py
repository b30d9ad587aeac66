"""What a search leaves behind."""

import csv

import numpy as np
import pytest
from PIL import Image

import keras_dl
from keras_dl import get_config, saved_model
from keras_dl.data import load
from keras_dl.search import Settings, Trial
from keras_dl.search.report import pareto_front, report

SETTINGS = Settings(max_parameters=5000)


def completed(number, parameters, accuracy):
    values = {"hidden_1": 8, "learning_rate": 0.001}
    return Trial(
        number=number, status="completed", values=values, seed=1, parameters=parameters, val_accuracy=accuracy,
        epochs=2, seconds=1.5,
    )  # fmt: skip


TRIALS = [
    completed(0, 1000, 0.5),
    completed(1, 900, 0.4),
    Trial(number=2, status="over_budget", values={"hidden_1": 512}, seed=1, parameters=40_000),
    completed(3, 2000, 0.45),
    completed(4, 1000, 0.3),
    Trial(number=5, status="failed", values={"hidden_1": 8}, seed=1, parameters=610, reason="killed by [SIGKILL]"),
    completed(6, 3000, 0.9),
]


def test_the_pareto_front():
    assert [trial.number for trial in pareto_front(TRIALS)] == [1, 0, 6]
    assert pareto_front([]) == []


@pytest.fixture
def folder(tmp_path):
    config = get_config("mlp", hidden=(8,)).for_data(load("digits").spec)
    saved_model.save(config.build(), tmp_path / "trials" / "0006" / "model", config=config, facts={"epochs": 2})
    return tmp_path


def test_table_picture_and_best_model(folder, capsys):
    accuracy = report(TRIALS, SETTINGS, folder, "digits")
    printed = capsys.readouterr().out
    assert printed.index("0.9000") < printed.index("0.5000") < printed.index("0.4500")
    assert "trial 5 failed: killed by [SIGKILL]" in printed
    assert "5 completed, 1 failed, 1 over budget" in printed

    with open(folder / "results.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == [str(n) for n in range(7)]
    assert rows[6]["val_accuracy"] == "0.9"
    assert rows[2]["hidden_1"] == "512"
    assert rows[2]["learning_rate"] == ""

    picture = np.asarray(Image.open(folder / "accuracy.png").convert("RGB")).reshape(-1, 3)
    for colour in ((31, 119, 180), (255, 127, 14), (214, 39, 40)):
        assert (picture == colour).all(axis=1).any()

    data = load("digits")
    model = keras_dl.load(folder / "best")
    predicted = np.concatenate([model.predict(x, verbose=0).argmax(-1) for x, _ in data.test.batches(100)])
    assert accuracy == pytest.approx((predicted == data.test.labels).mean())
    contract = saved_model.read_contract(folder / "best")
    assert contract["class_names"] == list(data.spec.class_names)
    assert (contract["facts"]["trial"], contract["facts"]["test_accuracy"]) == (6, accuracy)
    assert "validation accuracy 90.00 %" in (folder / "best" / "README.md").read_text()


def test_a_search_without_a_completed_trial(folder, capsys):
    assert report([TRIALS[2], TRIALS[5]], SETTINGS, folder, "digits") is None
    assert "no trial was completed (1 failed, 1 over budget)" in capsys.readouterr().out
    assert not (folder / "best").exists()
