"""What a search found: a table, pictures, the trials for TensorBoard, and the best network as a saved model."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from keras_dl import storage
from keras_dl.config import Config
from keras_dl.data import load
from keras_dl.data.dataset import Data
from keras_dl.errors import UsageError
from keras_dl.search import kept, latency, space
from keras_dl.search.hparams import write_hparams
from keras_dl.search.hypermodel import HyperNetwork
from keras_dl.search.ledger import COMPLETED, FAILED, Trial
from keras_dl.search.plots import plot_accuracy, plot_parallel
from keras_dl.search.settings import Settings
from keras_dl.training.objective import compile_model

ROWS = 10
LATENCIES = "latencies.json"


def report(
    trials: Sequence[Trial], config: Config, settings: Settings, folder: Path, data_name: str, **loading
) -> float | None:
    """Write what the search for variations of `config` found into `folder`, and print the best of it.

    There are then results.csv, accuracy.png, parallel_coordinates.png, tensorboard/ and the saved model best/. The
    latency of every completed trial is measured first and kept in latencies.json. `loading` goes to
    `keras_dl.data.load`.

    Returns the accuracy of the best network on the test split, which decided nothing before; None if no trial was
    completed.
    """
    console = Console()
    data = load(data_name, seed=settings.seed, **loading)
    config = config.for_data(data.spec)
    trials = _with_latencies(trials, config, settings, folder, console)
    ranked = sorted((t for t in trials if t.status == COMPLETED), key=lambda t: (-t.val_accuracy, t.parameters))
    _write_csv(trials, folder / "results.csv")
    console.print(_table(ranked))
    for trial in trials:
        if trial.status == FAILED:
            console.print(f"trial {trial.number} failed: {trial.reason}", markup=False, soft_wrap=True)
    counts = ", ".join(f"{n} {s.replace('_', ' ')}" for s, n in _counts(trials).items())
    if not ranked:
        console.print(f"no trial was completed ({counts}); results.csv in {folder} says why")
        return None
    title = f"{data_name}: {settings.oracle} search"
    plot_accuracy(trials, settings, folder / "accuracy.png", title)
    plot_parallel(trials, space.hyperparameters(config, settings), folder / "parallel_coordinates.png", title)
    write_hparams(trials, folder / "tensorboard", folder / "trials")
    best = ranked[0]
    accuracy = _save_best(best, config, settings, folder, data)
    console.print(
        f"best is trial {best.number} with {best.parameters:,} parameters: {100 * best.val_accuracy:.2f} % on the "
        f"validation split, {100 * accuracy:.2f} % on {len(data.test):,} test examples ({counts})",
        soft_wrap=True,
    )
    console.print(_advice(config, folder, data_name), soft_wrap=True)
    return accuracy


def _with_latencies(
    trials: Sequence[Trial], config: Config, settings: Settings, folder: Path, console: Console
) -> list[Trial]:
    """The trials, the completed ones with the latency that a measurement here and now, or an earlier one, found."""
    file = folder / LATENCIES
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    missing = [t for t in trials if t.status == COMPLETED and t.latency is None and str(t.number) not in known]
    configs = {trial.number: space.apply(trial.values, config, settings).config for trial in missing}
    if distinct := list(dict.fromkeys(configs.values())):
        try:
            with console.status(f"measuring the latency of {len(distinct)} networks"):
                found = dict(zip(distinct, latency.measured(distinct), strict=True))
        except UsageError as error:
            console.print(f"note: {error}", markup=False, soft_wrap=True)
            return list(trials)
        known |= {str(number): found[theirs] for number, theirs in configs.items()}
        storage.write_json(file, known)
    return [dataclasses.replace(t, latency=known.get(str(t.number), t.latency)) for t in trials]


def _counts(trials: Sequence[Trial]) -> dict[str, int]:
    statuses = [trial.status for trial in trials]
    return {status: statuses.count(status) for status in sorted(set(statuses))}


def _write_csv(trials: Sequence[Trial], path: Path) -> None:
    names = list(dict.fromkeys(name for trial in trials for name in trial.values))
    fields = ("number", "status", "val_accuracy", "parameters", "latency", "epochs", "seconds", "seed", "reason")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*fields, *names])
    for trial in trials:
        writer.writerow([getattr(trial, f) for f in fields] + [trial.values.get(name) for name in names])
    storage.write(path, text.getvalue())


def _table(ranked: Sequence[Trial]) -> Table:
    table = Table("trial", "accuracy", "parameters", "ms", "epochs", "seconds", box=None)
    for column in table.columns:
        column.justify = "right"
    table.add_column("values", overflow="fold")
    for trial in ranked[:ROWS]:
        milliseconds = "" if trial.latency is None else f"{trial.latency:.2f}"
        figures = (f"{trial.val_accuracy:.4f}", f"{trial.parameters:,}", milliseconds, str(trial.epochs))
        table.add_row(str(trial.number), *figures, f"{trial.seconds:.1f}", trial.shown_values)
    return table


def _save_best(best: Trial, config: Config, settings: Settings, folder: Path, data: Data) -> float:
    """Save the model of the trial `best` as best/, and return its accuracy on the test split."""
    config, options, augment = space.apply(best.values, config, settings)
    model, facts = kept.load(folder / "trials" / f"{best.number:04d}" / "model")
    image_size = None
    if data.spec.kind == "image" and config.input_shape != data.spec.shape:
        data, image_size = data.resized(config.input_shape), config.input_shape[0]
    compile_model(model, config, options, steps_per_epoch=1)
    accuracy = model.evaluate(data.test.batches(options.batch_size), verbose=0, return_dict=True)["accuracy"]
    training = {**dataclasses.asdict(options), "augment": augment, "epochs": best.epochs, "seed": best.seed}
    facts |= {
        "trial": best.number,
        "values": best.values,
        "test_accuracy": accuracy,
        "training": {**training, "image_size": image_size},
    }
    own = isinstance(config, HyperNetwork)
    optimizer = "its own optimizer" if own and config.compiled else options.optimizer
    card = f"""# {config.source if own else config.family} on {data.spec.name}, found by a search

{best.parameters:,} parameters, input {config.input_shape}, {data.spec.classes} classes.
Test accuracy {100 * accuracy:.2f} % on {len(data.test):,} examples that decided nothing before,
validation accuracy {100 * best.val_accuracy:.2f} %, by which it was chosen.

Trial {best.number} of a {settings.oracle} search by keras_dl, seed {settings.seed}: {best.epochs} epochs with
{optimizer}, batches of {options.batch_size}, {best.shown_values}.
Load it by `{_loading(config, "folder")}`.
"""
    kept.save(model, folder / "best", config, data.spec, facts, card)
    return accuracy


def _loading(config: Config, folder: str) -> str:
    if isinstance(config, HyperNetwork):
        return f'keras.saving.load_model({folder} + "/{kept.FILE}")'
    return f"keras_dl.load({folder})"


def _advice(config: Config, folder: Path, data_name: str) -> str:
    """Where everything is, and what can be done with it."""
    pictures = f"{folder / 'accuracy.png'}, {folder / 'parallel_coordinates.png'}"
    lines = [f"its model is in {folder / 'best'}, pictures are {pictures}"]
    if isinstance(config, HyperNetwork):
        lines.append(f"it is no network of the catalogue, so it is a file of Keras: {folder / 'best' / kept.FILE}")
    else:
        lines.append(f"train it anew by: keras-dl train {folder / 'best'} --data {data_name}")
    lines.append(f"look at all trials by: tensorboard --logdir {folder / 'tensorboard'}")
    return "\n".join(lines)
