"""What a search found: a table, a picture of accuracy against size, and the best network as a saved model."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter
from rich.console import Console
from rich.table import Table

from keras_dl import saved_model, storage
from keras_dl.data import load
from keras_dl.figures import save_figure
from keras_dl.search.ledger import COMPLETED, FAILED, OVER_BUDGET, Trial
from keras_dl.search.settings import Settings
from keras_dl.training.objective import compile_model

ROWS = 10


def report(trials: list[Trial], settings: Settings, folder: Path, data_name: str, **loading) -> float | None:
    """Write results.csv, accuracy.png and the saved model best/ into `folder`, and print what was found.

    Returns the accuracy of the best network on the test split, which decided nothing before; None if no trial was
    completed. `loading` goes to `keras_dl.data.load`.
    """
    console = Console()
    ranked = sorted((t for t in trials if t.status == COMPLETED), key=lambda t: -t.val_accuracy)
    _write_csv(trials, folder / "results.csv")
    _plot(trials, settings.max_parameters, folder / "accuracy.png", f"{data_name}: {settings.oracle} search")
    console.print(_table(ranked))
    for trial in trials:
        if trial.status == FAILED:
            console.print(f"trial {trial.number} failed: {trial.reason}", markup=False, soft_wrap=True)
    counts = ", ".join(f"{n} {s.replace('_', ' ')}" for s, n in _counts(trials).items())
    if not ranked:
        console.print(f"no trial was completed ({counts}); results.csv in {folder} says why")
        return None
    best = ranked[0]
    accuracy, examples = _save_best(best, settings, folder, data_name, loading)
    console.print(
        f"best is trial {best.number} with {best.parameters:,} parameters: {100 * best.val_accuracy:.2f} % on the "
        f"validation split, {100 * accuracy:.2f} % on {examples:,} test examples ({counts})",
        soft_wrap=True,
    )
    console.print(f"its model is in {folder / 'best'}, the plot in {folder / 'accuracy.png'}", soft_wrap=True)
    return accuracy


def pareto_front(trials: list[Trial]) -> list[Trial]:
    """The completed trials that no trial with as few parameters or fewer beats, from small to large."""
    front: list[Trial] = []
    completed = (trial for trial in trials if trial.status == COMPLETED)
    for trial in sorted(completed, key=lambda t: (t.parameters, -t.val_accuracy)):
        if not front or trial.val_accuracy > front[-1].val_accuracy:
            front.append(trial)
    return front


def _counts(trials: list[Trial]) -> dict[str, int]:
    statuses = [trial.status for trial in trials]
    return {status: statuses.count(status) for status in sorted(set(statuses))}


def _write_csv(trials: list[Trial], path: Path) -> None:
    names = list(dict.fromkeys(name for trial in trials for name in trial.values))
    fields = ("number", "status", "val_accuracy", "parameters", "epochs", "seconds", "seed", "reason")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*fields, *names])
    for trial in trials:
        writer.writerow([getattr(trial, f) for f in fields] + [trial.values.get(name) for name in names])
    storage.write(path, text.getvalue())


def _table(ranked: list[Trial]) -> Table:
    table = Table("trial", "accuracy", "parameters", "epochs", "seconds", box=None)
    for column in table.columns:
        column.justify = "right"
    table.add_column("values", overflow="fold")
    for trial in ranked[:ROWS]:
        figures = (f"{trial.val_accuracy:.4f}", f"{trial.parameters:,}", str(trial.epochs), f"{trial.seconds:.1f}")
        table.add_row(str(trial.number), *figures, trial.shown_values)
    return table


def _plot(trials: list[Trial], max_parameters: int | None, path: Path, title: str) -> None:
    completed = [trial for trial in trials if trial.status == COMPLETED]
    over = [trial.parameters for trial in trials if trial.status == OVER_BUDGET]
    front = pareto_front(trials)
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xscale="log", xlabel="parameters", ylabel="validation accuracy")
    axes.scatter([t.parameters for t in completed], [t.val_accuracy for t in completed], s=28, label="trials", zorder=3)
    sizes, accuracies = [t.parameters for t in front], [t.val_accuracy for t in front]
    ring = {"marker": "o", "markersize": 10, "markerfacecolor": "none"}  # a front of one trial has no line
    axes.step(sizes, accuracies, where="post", label="Pareto front", color="C1", **ring)
    if over:
        floor = axes.get_xaxis_transform()
        axes.scatter(over, [0.03] * len(over), transform=floor, marker="x", color="C3", s=28, label="over budget")
        axes.update_datalim([(parameters, 0) for parameters in over], updatey=False)
        axes.autoscale_view()
    if max_parameters is not None:
        axes.axvline(max_parameters, color="C3", linestyle="--", linewidth=1, label=f"{max_parameters:,} parameters")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)
    axes.legend(loc="best")
    save_figure(figure, path)


def _save_best(best: Trial, settings: Settings, folder: Path, data_name: str, loading: dict) -> tuple[float, int]:
    """Save the model of the trial `best` as best/, and return its accuracy on the test split and that one's size."""
    theirs = folder / "trials" / f"{best.number:04d}" / "model"
    contract = saved_model.read_contract(theirs)
    config, model = contract["config"], saved_model.load(theirs)
    data = load(data_name, seed=settings.seed, **loading)
    if data.spec.kind == "image":
        data = data.resized(config.input_shape)
    compile_model(model, config, settings, steps_per_epoch=1)
    accuracy = model.evaluate(data.test.batches(settings.batch_size), verbose=0, return_dict=True)["accuracy"]
    facts = {**contract["facts"], "trial": best.number, "values": best.values, "test_accuracy": accuracy}
    card = f"""# {config.family} on {data.spec.name}, found by a search

{best.parameters:,} parameters, input {config.input_shape}, {data.spec.classes} classes.
Test accuracy {100 * accuracy:.2f} % on {len(data.test):,} examples that decided nothing before,
validation accuracy {100 * best.val_accuracy:.2f} %, by which it was chosen.

Trial {best.number} of a {settings.oracle} search by keras_dl, seed {settings.seed}: {best.epochs} epochs with
{settings.optimizer}, batches of {settings.batch_size}, {best.shown_values}.
Load it by `keras_dl.load(folder)`.
"""
    saved_model.save(model, folder / "best", config=config, class_names=data.spec.class_names, card=card, facts=facts)
    return accuracy, len(data.test)
