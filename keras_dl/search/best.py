"""The best model of a search, measured once on the test split and saved: in a child, as a user's code may be in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.search import kept
from keras_dl.search.ledger import Trial
from keras_dl.training.card import takes
from keras_dl.training.job import Job

CHOSEN = ("target", "source", "split")
"""arguments of `keras_dl.data.load` that say which columns and examples of the data are meant"""


def save(best: Trial, job: Job, oracle: str, folder: Path) -> dict[str, float]:
    """Save the model of the trial `best`, which `job` has trained, as `folder`/best.

    Among its facts are the seed and the share by which the search drew the validation split, so that a training which
    starts from it does not validate on what it has seen. Returns its score on the test split by name, or all that the
    network decides where the objective depends on more, such as a decoder that is gone. Raises `UsageError` if what the
    trial's folder holds is not its model.
    """
    config, options, objective, loading = job.network, job.options, job.task.objective, job.loading
    source = folder / "trials" / f"{best.number:04d}" / "model"
    if (found := kept.weights_hash(source)) != best.weights_sha256:
        raise UsageError(
            f"{source} is not the model of trial {best.number}: its weights have the SHA-256 {found[:12]}..., "
            f"the ledger says {str(best.weights_sha256)[:12]}..."
        )
    loaded = job.loaded()
    data = job.fitting(loaded)
    trained = job.trained(kept.load(source), data)
    found = trained.training.evaluate_alone(data.test)
    tested = {objective.metric: found[objective.metric]} if objective.metric in found else found
    split = {name: loading[name] for name in ("seed", "validation") if name in loading}
    chosen = {name: value for name in CHOSEN if (value := loading.get(name)) is not None}
    resized = data.spec.kind == "image" and data.spec.shape != loaded.spec.shape
    training = {
        **dataclasses.asdict(options),
        "augment": job.augment,
        "epochs": best.epochs,
        "image_size": data.spec.shape[0] if resized else None,
    }
    facts = kept.facts(source) | {
        "trial": best.number,
        "values": best.values,
        "seed": best.seed,
        **{f"test_{name}": value for name, value in tested.items()},
        "data": {"name": loading["name"], **chosen},
        "training": {**training, **split},
    }
    optimizer = "its own optimizer" if config.compiles_itself else options.optimizer
    classes = f", {data.spec.classes} classes" if data.spec.classes else ""
    card = f"""# {config.family} on {data.spec.name}, found by a search

{best.parameters:,} parameters, {job.task.name.replace("_", " ")} of {takes(data.spec)}{classes}.
Test {objective.shown_among(tested)} on {len(data.test):,} examples that decided nothing before,
validation {objective.shown(best.score)}, by which it was chosen.

Trial {best.number} of a {oracle} search by keras_dl: {best.epochs} epochs with {optimizer}, batches of
{options.batch_size}, {best.shown_values}. The weights are those of epoch {best.kept_epoch}.
Load it by `{load_words(config, "folder")}`.
"""
    trained.save(folder / "best", card=card, facts=facts)
    return tested


def load_words(config: Config, folder: str | Path) -> str:
    """The call that loads what `save` wrote."""
    return f"keras_dl{'.search' if config.foreign else ''}.load({str(folder)!r})"
