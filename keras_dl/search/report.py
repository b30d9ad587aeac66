"""What a search found: a table, pictures, the trials for TensorBoard, and the best network as a saved model."""

from __future__ import annotations

import csv
import dataclasses
import io
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_dl import storage
from keras_dl.catalogue.own import files
from keras_dl.config import Config
from keras_dl.console import plain_console
from keras_dl.data.fingerprint import keep
from keras_dl.errors import UsageError
from keras_dl.figures import only_a_note, plain
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import Task
from keras_dl.search import budget, latency, space
from keras_dl.search.best import CHOSEN, load_words
from keras_dl.search.helper import Helper
from keras_dl.search.hparams import write_hparams
from keras_dl.search.ledger import COMPLETED, FAILED, OVER_BUDGET, Trial
from keras_dl.search.plots import plot_parallel, plot_scores
from keras_dl.search.settings import Settings
from keras_dl.tasks import get_task
from keras_dl.training.job import Job

ROWS = 10
LATENCIES = "latencies.json"


def report(
    trials: Sequence[Trial],
    config: Config,
    settings: Settings,
    folder: Path,
    data_name: str,
    *,
    task: Task | str | None = None,
    **loading,
) -> float | None:
    """Write what the search for variations of `config`, which learn by `task`, found into `folder`; print the best.

    There are then results.csv, the saved model best/, a picture of the scores that is called by the metric, such as
    accuracy.png, parallel_coordinates.png and tensorboard/. The latency of every completed trial is measured first and
    kept in latencies.json. `loading` goes to `keras_dl.data.load`.

    Returns the score of the best network within the budget on the test split, which decided nothing before; None if
    no trial within it was completed, or the network alone does not decide it. Raises `UsageError` if the best model is
    not the one of its trial, and for data that have changed.
    """
    console, task = plain_console(), get_task(task or config.task)
    objective = task.objective
    loading = {"name": data_name, "seed": settings.seed, **loading}
    job = Job(network=config, task=task, loading=loading, options=settings.training())
    data = job.loaded()
    keep(data, folder)
    config, _ = task.adapt(config, data)
    with Helper() as helper:
        trials = _with_latencies(trials, config, settings, folder, helper, console)
        ranked = sorted(
            (t for t in trials if t.status == COMPLETED), key=lambda t: (objective.rank(t.score), t.parameters)
        )
        _write_csv(trials, objective, folder / "results.csv")
        console.print(_table(ranked, objective))
        for trial in trials:
            if trial.status == FAILED:
                console.print(f"trial {trial.number} failed: {trial.reason}", soft_wrap=True)
        counts = ", ".join(f"{n} {s.replace('_', ' ')}" for s, n in _counts(trials).items())
        if not ranked:
            words = f"no trial was completed ({counts}); results.csv in {folder} says why"
            console.print(words, soft_wrap=True)
            return None
        best = next((trial for trial in ranked if _is_within(trial, config, settings, helper)), None)
        if best is None:
            console.print(f"none of the {len(ranked)} completed trials is within the budget of now", soft_wrap=True)
            return None
        network, options, augment = space.apply(best.values, config, settings)
        job = dataclasses.replace(job, network=network, options=options, augment=augment)
        tested = helper.ask("keras_dl.search.best:save", best, job, settings.oracle, folder)
    title = f"{plain(Path(data_name).name)}: {settings.oracle} search"
    pictures = folder / f"{objective.metric}.png", folder / "parallel_coordinates.png"
    with only_a_note(pictures[0].name):
        plot_scores(trials, objective, settings, pictures[0], title)
    with only_a_note(pictures[1].name):
        plot_parallel(trials, objective, space.hyperparameters(config, settings, task), pictures[1], title)
    with only_a_note("tensorboard"):
        write_hparams(trials, objective, folder / "tensorboard", folder / "trials")
    console.print(
        f"best is trial {best.number} with {best.parameters:,} parameters: {objective.shown(best.score)} on the "
        f"validation split, {objective.shown_among(tested)} on the test split ({counts})",
        soft_wrap=True,
    )
    console.print(_advice(config, folder, pictures, loading), soft_wrap=True)
    return tested.get(objective.metric)


def _is_within(trial: Trial, config: Config, settings: Settings, helper: Helper) -> bool:
    """Whether a completed trial keeps the limits of `settings`, which may be narrower than when it was begun."""
    limits = settings.budget()
    slow = limits["max_latency"] is not None and (trial.latency is None or trial.latency > limits["max_latency"])
    candidate = space.apply(trial.values, config, settings)
    return not slow and budget.judge(candidate, {**limits, "max_latency": None}, helper)["status"] != OVER_BUDGET


def _with_latencies(
    trials: Sequence[Trial], config: Config, settings: Settings, folder: Path, helper: Helper, console: Console
) -> list[Trial]:
    """The trials, the completed ones with the latency that a measurement here and now, or an earlier one, found."""
    known = _known_latencies(folder / LATENCIES, console)
    missing = [t for t in trials if t.status == COMPLETED and t.latency is None and str(t.number) not in known]
    configs = {str(trial.number): space.apply(trial.values, config, settings).config for trial in missing}
    found: dict[Config, float] = {}
    with console.status(f"measuring the latency of {len(set(configs.values()))} networks"):
        for number, theirs in configs.items():
            try:
                found[theirs] = found.get(theirs) or latency.measured(theirs, helper)
            except UsageError as error:
                console.print(f"note: trial {number}: {error}", soft_wrap=True)
    known |= {number: found[theirs] for number, theirs in configs.items() if theirs in found}
    if found:
        storage.write_checked_json(folder / LATENCIES, known)
    return [dataclasses.replace(t, latency=known.get(str(t.number), t.latency)) for t in trials]


def _known_latencies(file: Path, console: Console) -> dict[str, float]:
    """What was measured before; what is damaged is measured again."""
    if not file.exists():
        return {}
    try:
        return storage.read_checked_json(file)
    except UsageError as error:
        console.print(f"note: {error}; it is measured again", soft_wrap=True)
        return {}


def _counts(trials: Sequence[Trial]) -> dict[str, int]:
    statuses = [trial.status for trial in trials]
    return {status: statuses.count(status) for status in sorted(set(statuses))}


def _write_csv(trials: Sequence[Trial], objective: Objective, path: Path) -> None:
    names = list(dict.fromkeys(name for trial in trials for name in trial.values))
    fields = (
        *("number", "status", "score", "parameters", "latency", "epochs", "kept_epoch"),
        *("seconds", "seed", "weights_sha256", "reason"),
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(objective.key if field == "score" else field for field in fields), *names])
    for trial in trials:
        writer.writerow([getattr(trial, f) for f in fields] + [trial.values.get(name) for name in names])
    storage.write(path, text.getvalue())


def _table(ranked: Sequence[Trial], objective: Objective) -> Table:
    table = Table("trial", objective.words, "parameters", "ms", "epochs", "seconds", box=None)
    for column in table.columns:
        column.justify = "right"
    table.add_column("values", overflow="fold")
    for trial in ranked[:ROWS]:
        milliseconds = "" if trial.latency is None else f"{trial.latency:.2f}"
        figures = (f"{trial.score:.4f}", f"{trial.parameters:,}", milliseconds, str(trial.epochs))
        table.add_row(str(trial.number), *figures, f"{trial.seconds:.1f}", Text(trial.shown_values))
    return table


def _advice(config: Config, folder: Path, pictures: Sequence[Path], loading: dict[str, Any]) -> str:
    """Where everything is, and what can be done with it."""
    best = folder / "best"
    lines = [f"its model is in {best}, pictures are {', '.join(map(str, pictures))}"]
    if config.foreign:
        lines.append(f"{load_words(config, best)} builds it by your module and loads its weights")
    else:
        words = [str(best), "--data", loading["name"]]
        words += [word for name in CHOSEN if loading.get(name) is not None for word in (f"--{name}", loading[name])]
        words += ["--networks", *files()] if files() else []
        lines.append(f"train it further by: keras-dl train {shlex.join(words)}")
    lines.append(f"look at all trials by: tensorboard --logdir {shlex.quote(str(folder / 'tensorboard'))}")
    return "\n".join(lines)
