"""A search learns by any task and judges by its objective, for networks of any inputs."""

import csv
import json

import numpy as np
import pytest
from in_process import Here, ask

from keras_dl import UsageError, get_config, saved_model
from keras_dl.data import Data, Spec, Split
from keras_dl.data.spec import Column
from keras_dl.search import Settings, report, search, space
from keras_dl.search.helper import Helper
from keras_dl.tasks import get_task
from keras_dl.training.job import Job

SETTINGS = Settings(max_trials=2, epochs=2, batch_size=64)
VAE = get_config("vae", units=16, latent_width=2)
"""learns by a loss, which is to be small"""


def run(folder, config, data, settings=SETTINGS, pool=None, **arguments):
    return search(config, data, settings, folder, pool=pool or Here(), **arguments)


def reported(monkeypatch, trials, folder, config, data, settings=SETTINGS, **arguments):
    monkeypatch.setattr(Helper, "ask", ask)
    return report.report(trials, config, settings, folder, data, **arguments)


@pytest.fixture
def texts(monkeypatch):
    """Which of two words a sentence holds, in place of whatever is to be loaded."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 96)
    words = np.array(["the", "film", "is", "so", "very"])
    texts = np.array([" ".join([*generator.choice(words, 4), ("bad", "good")[label]]) for label in labels], object)
    columns = {"text": Column(kind="text"), "label": Column(kind="class", class_names=("bad", "good"))}
    split = Split({"text": texts, "label": labels})
    data = Data(spec=Spec(name="toy", columns=columns), train=split, validation=split, test=split)
    monkeypatch.setattr(Job, "loaded", lambda job: data)
    return data


def test_the_least_loss_is_the_best_and_an_interrupted_search_ends_in_the_same_ledger(tmp_path, monkeypatch, capsys):
    whole = run(tmp_path / "whole", VAE, "digits")
    header = json.loads((tmp_path / "whole" / "ledger.jsonl").read_text().splitlines()[0])["header"]
    assert header["objective"] == {"metric": "loss", "direction": "min"}
    assert header["task"] == get_task("variational_autoencoding").to_json()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", VAE, "digits", pool=Here(ends=1))
    rest = Here()
    cut = run(tmp_path / "cut", VAE, "digits", pool=rest)
    assert [*rest.orders] == [1]
    assert [trial.__dict__ | {"seconds": None} for trial in cut] == [
        trial.__dict__ | {"seconds": None} for trial in whole
    ]

    score = reported(monkeypatch, whole, tmp_path / "whole", VAE, "digits")
    best = min(whole, key=lambda trial: trial.score)
    assert f"best is trial {best.number} with" in (printed := capsys.readouterr().out)
    assert f"trial {best.number}: loss {best.score:.4f}  " in printed
    assert f"loss {best.score:.4f} on the validation split, loss {score:.4f} on the test split" in printed
    with open(tmp_path / "whole" / "results.csv") as file:
        assert [float(row["val_loss"]) for row in csv.DictReader(file)] == [trial.score for trial in whole]
    contract = saved_model.read_contract(tmp_path / "whole" / "best")
    assert contract["task"] == get_task("variational_autoencoding")
    assert (contract["facts"]["trial"], contract["facts"]["test_loss"]) == (best.number, score)
    assert contract["facts"]["val_loss"] == best.score
    assert {"loss.png", "parallel_coordinates.png"} <= {path.name for path in (tmp_path / "whole").iterdir()}
    assert f"validation loss {best.score:.4f}, by which it was chosen" in (
        tmp_path / "whole" / "best" / "README.md"
    ).read_text().replace("\n", " ")


@pytest.mark.parametrize(
    "config",
    [
        get_config("kim_cnn", length=8, embedding_width=8, maps=4, windows=(2, 3)),
        get_config("lstm_classifier", length=8, embedding_width=8, units=8),
    ],
    ids=["one input", "two inputs"],
)
def test_networks_that_take_tokens_are_searched(tmp_path, monkeypatch, texts, config, capsys):
    settings = Settings(max_trials=1, epochs=1, batch_size=16, max_latency=10_000.0, tune_regularization=True)
    trials = run(tmp_path, config, "toy", settings)
    assert {trial.status for trial in trials} == {"completed"}
    assert all(trial.latency > 0 for trial in trials)
    assert "input_dropout" not in trials[0].values
    assert reported(monkeypatch, trials, tmp_path, config, "toy", settings, target="which word") is not None
    best = saved_model.read_contract(tmp_path / "best")
    assert best["config"].vocabulary_size == best["spec"].columns["token_ids"].classes
    assert best["spec"].columns["token_ids"].vocabulary is not None
    assert best["facts"]["data"] == {"name": "toy", "target": "which word"}
    words = capsys.readouterr().out.replace("\n", " ")
    assert f"keras-dl train {tmp_path / 'best'} --data toy --target 'which word'" in words
    with pytest.raises(UsageError, match=r"tune_augmentation changes pictures, the inputs of .* have the shape"):
        space.hyperparameters(config, Settings(tune_augmentation=True))


def test_numbers_have_no_smoothed_labels():
    names = [
        parameter.name
        for parameter in space.hyperparameters(
            get_config("mlp"), Settings(tune_regularization=True), get_task("regression")
        ).space
    ]
    assert "weight_decay" in names
    assert "label_smoothing" not in names


@pytest.mark.parametrize("name", ["contrastive", "clustering", "masked_reconstruction"])
def test_a_loss_that_more_than_the_network_decides_is_not_made_up_for_the_test_split(
    tmp_path, monkeypatch, capsys, name
):
    settings = Settings(max_trials=1, epochs=1, batch_size=64)
    network = get_config("nakkiran_cnn5", k=4)
    task = get_task(name, **({"clusters": 5} if name == "clustering" else {}))
    trials = run(tmp_path, network, "digits", settings, task=task)
    assert reported(monkeypatch, trials, tmp_path, network, "digits", settings, task=task) is None
    facts = saved_model.read_contract(tmp_path / "best")["facts"]
    assert 0 < facts["test_linear_probe"] <= 1 and "test_loss" not in facts
    printed = capsys.readouterr().out
    card = (tmp_path / "best" / "README.md").read_text()
    assert f"loss {trials[0].score:.4f} on the validation split" in printed
    assert all(f"linear probe {facts['test_linear_probe']:.4f}" in text for text in (printed, card))
