"""What a search leaves behind."""

import csv
import dataclasses
import json
import reprlib

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import backend_context
from tensorboard.util.tensor_util import make_ndarray

import keras_dl
from keras_dl import UsageError, cli, get_config, saved_model, storage
from keras_dl.data import load
from keras_dl.learning.objective import ACCURACY
from keras_dl.recipes.search import Search
from keras_dl.recipes.train import Train
from keras_dl.search import Settings, Trial, kept, space
from keras_dl.search import report as report_module
from keras_dl.search.hparams import write_hparams
from keras_dl.search.plots import latency, pareto_front, plot_parallel
from keras_dl.search.report import report
from keras_dl.tasks import get_task
from keras_dl.training.job import Job

PRELOAD = ["keras_dl.search.worker"]
pytestmark = pytest.mark.usefixtures("processes")
CONFIG = get_config("mlp", hidden=(8,), input_shape=(8, 8, 1))
SETTINGS = Settings(max_parameters=5000, tune_batch_size=True, tune_augmentation=True)


def completed(number, parameters, accuracy, milliseconds=None):
    values = {"hidden_1": 8, "depth": 1, "learning_rate": 0.002, "batch_size": 64, "augmentation": "shift"}
    return Trial(
        number=number, status="completed", values=values, seed=1, parameters=parameters, score=accuracy,
        epochs=3, kept_epoch=2, seconds=1.5, latency=milliseconds,
    )  # fmt: skip


TRIALS = [
    completed(0, 1000, 0.5, 3.0),
    completed(1, 900, 0.4, 4.0),
    Trial(number=2, status="over_budget", values={"hidden_1": 512}, seed=1, parameters=40_000),
    completed(3, 2000, 0.45, 2.0),
    completed(4, 1000, 0.3, 1.0),
    Trial(number=5, status="failed", values={"hidden_1": 8}, seed=1, parameters=610, reason="killed by [SIGKILL]"),
    completed(6, 3000, 0.9),
]


def test_the_pareto_fronts():
    assert [trial.number for trial in pareto_front(TRIALS, ACCURACY)] == [1, 0, 6]
    assert [trial.number for trial in pareto_front(TRIALS, ACCURACY, latency)] == [4, 3, 0]
    assert pareto_front([], ACCURACY) == []


@pytest.fixture
def folder(tmp_path, monkeypatch):
    data = load("digits")
    config = CONFIG.for_data(data.spec)
    job = Job(network=config, task=get_task("classification"), loading={}, options=SETTINGS.training())
    for number in (3, 6):
        model = tmp_path / "trials" / f"{number:04d}" / "model"
        job.trained(config.build(), data).save(model, facts={"epochs": 3})
    for trial in TRIALS:
        if trial.status == "completed":
            trial_folder = tmp_path / "trials" / f"{trial.number:04d}"
            trial_folder.mkdir(exist_ok=True)
            accuracies = (trial.score / 2, trial.score, 0.1)
            rows = [{"epoch": n, "val_accuracy": value, "seconds": 1.0} for n, value in enumerate(accuracies)]
            (trial_folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setattr(report_module.latency, "measured", lambda config, helper: 5.0)
    return tmp_path


@pytest.fixture
def trials(folder):
    """Those above, the last with the hash of its model."""
    *others, best = TRIALS
    weights = kept.weights_hash(folder / "trials" / "0006" / "model")
    return [*others, dataclasses.replace(best, weights_sha256=weights)]


def test_table_pictures_and_best_model(folder, trials, capsys):
    accuracy = report(trials, CONFIG, SETTINGS, folder, "digits")
    printed = capsys.readouterr().out
    assert printed.index("0.9000") < printed.index("0.5000") < printed.index("0.4500")
    assert "trial 5 failed: killed by [SIGKILL]" in printed
    assert "5 completed, 1 failed, 1 over budget" in printed
    assert f"tensorboard --logdir {folder}/tensorboard" in printed

    with open(folder / "results.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == [str(n) for n in range(7)]
    assert (rows[6]["val_accuracy"], rows[6]["latency"], rows[0]["latency"]) == ("0.9", "5.0", "3.0")
    assert rows[2]["hidden_1"] == "512"
    assert rows[2]["learning_rate"] == ""
    assert storage.read_checked_json(folder / "latencies.json") == {"6": 5.0}

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
    card = (folder / "best" / "README.md").read_text()
    assert "validation accuracy 90.00 %" in card
    assert "3 epochs with adam" in card
    assert "The weights are those of epoch 2." in card


def test_the_winner_is_what_train_begins_with(folder, trials, monkeypatch, capsys):
    report(trials, CONFIG, SETTINGS, folder, "digits")
    started = []
    for kind in (Train, Search):
        monkeypatch.setattr(kind, "run", lambda recipe: started.append(recipe))
    best, out = str(folder / "best"), str(folder / "again")
    for arguments in (("train", best, "--batch-size", "16"), ("search", best)):
        with pytest.raises(SystemExit) as end:
            cli.main([*arguments, "--out", f"{out}-{arguments[0]}"])
        assert end.value.code == 0
    train, search = started
    assert train.network == search.network == CONFIG.for_data(load("digits").spec)
    assert (train.learning_rate, train.batch_size, train.augment) == (0.002, 16, ("shift",))
    assert (train.epochs, train.seed, train.image_size) == (3, 0, 8), "the split of the search"
    assert (search.learning_rate, search.batch_size) == (0.002, 64)


def test_the_best_is_within_the_budget_of_now(folder, trials, capsys):
    settings = dataclasses.replace(SETTINGS, max_latency=4.0)
    fast = dataclasses.replace(trials[3], weights_sha256=kept.weights_hash(folder / "trials" / "0003" / "model"))
    slow = dataclasses.replace(trials[0], score=0.95, latency=9.0)
    report([slow, fast, trials[6]], CONFIG, settings, folder, "digits")
    assert "best is trial 3" in capsys.readouterr().out
    assert report(trials, CONFIG, dataclasses.replace(SETTINGS, max_parameters=10), folder, "digits") is None
    assert "none of the 5 completed trials is within the budget of now" in capsys.readouterr().out


def test_tensorboard_reads_the_trials(folder, trials):
    report(trials, CONFIG, SETTINGS, folder, "digits")
    runs = plugin_event_multiplexer.EventMultiplexer(size_guidance={"scalars": 0, "tensors": 0})
    runs.AddRunsFromDirectory(str(folder / "tensorboard")).Reload()
    provider = data_provider.MultiplexerDataProvider(runs, str(folder / "tensorboard"))
    context = backend_context.Context(base_plugin.TBContext(data_provider=provider))
    found = context.hparams_metadata(RequestContext(), "")
    experiment = context.experiment_from_metadata(RequestContext(), "", True, found, {})
    assert {info.name for info in experiment.hparam_infos} == set(TRIALS[0].values)
    assert [info.name.tag for info in experiment.metric_infos] == ["val_accuracy", "parameters", "latency"]
    sessions = {f"{trial.number:04d}" for trial in TRIALS if trial.status == "completed"}
    assert sessions <= set(runs.Runs())
    values = [float(make_ndarray(event.tensor_proto)) for event in runs.Tensors("0006", "val_accuracy")]
    assert values == pytest.approx([0.45, 0.9]), "up to the epoch that is kept"


def test_exchanged_folders_of_trials_are_noticed(folder, trials):
    a, b, aside = (folder / "trials" / name for name in ("0003", "0006", "aside"))
    a.rename(aside), b.rename(a), aside.rename(b)
    with pytest.raises(UsageError, match=r"trials/0006/model is not the model of trial 6: its weights have the SHA"):
        report(trials, CONFIG, SETTINGS, folder, "digits")
    assert not (folder / "best").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b'{"6": 1e9}', b"[" * 100_000], ids=reprlib.repr)
def test_damaged_figures_are_named_or_left_out(folder, trials, capsys, content):
    (folder / "latencies.json").write_bytes(content)
    (folder / "trials" / "0003" / "metrics.jsonl").write_bytes(content + b"\n{}\n")
    (folder / "trials" / "0004" / "metrics.jsonl").unlink()
    console = Console(soft_wrap=True)
    found = report_module._known_latencies(folder / "latencies.json", console)
    assert found == {}
    assert "latencies.json is damaged" in capsys.readouterr().out
    write_hparams(trials, ACCURACY, folder / "tensorboard", folder / "trials")
    assert len(list((folder / "tensorboard").iterdir())) == 6


def test_names_that_are_markup(folder, trials, monkeypatch, capsys):
    monkeypatch.setattr(report_module, "plot_parallel", lambda *arguments: 1 / 0)
    (folder / "tensorboard").write_text("a file of that name")
    values = {**trials[6].values, "augmentation": "[bold]$x$"}
    shown = dataclasses.replace(trials[6], values=values)
    assert "[bold]$x$" in str(report_module._table([shown], ACCURACY).columns[-1]._cells[0])
    assert report(trials, CONFIG, SETTINGS, folder, "digits") is not None
    printed = capsys.readouterr()
    assert "parallel_coordinates.png could not be drawn: ZeroDivisionError" in printed.out + printed.err
    assert "tensorboard could not be drawn: FailedPreconditionError" in printed.out + printed.err
    assert (folder / "best" / "manifest.json").exists()


def test_parallel_coordinates_of_trials_that_lack_values(tmp_path):
    hyperparameters = space.hyperparameters(CONFIG, SETTINGS)
    values = {name: value for name, value in TRIALS[0].values.items() if name != "depth"}
    trials = [dataclasses.replace(TRIALS[0], values=values), TRIALS[6]]
    plot_parallel(trials, ACCURACY, hyperparameters, tmp_path / "parallel.png", "two trials")
    picture = np.asarray(Image.open(tmp_path / "parallel.png").convert("RGB")).reshape(-1, 3)
    assert (picture == (13, 8, 135)).all(axis=1).sum() > 500  # the best, thick, in the last colour of the map


def test_a_search_without_a_completed_trial(folder, capsys):
    assert report([TRIALS[2], TRIALS[5]], CONFIG, SETTINGS, folder, "digits") is None
    assert "no trial was completed (1 failed, 1 over budget)" in capsys.readouterr().out
    assert not (folder / "best").exists()
