"""The best model of a search, measured once on the test split and saved: in a child, as a user's code may be in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from keras_dl.config import Config
from keras_dl.data import load
from keras_dl.errors import UsageError
from keras_dl.search import kept
from keras_dl.search.hypermodel import HyperNetwork
from keras_dl.search.ledger import Trial
from keras_dl.search.space import Candidate
from keras_dl.training.objective import compile_model


def save(best: Trial, candidate: Candidate, oracle: str, folder: Path, loading: dict[str, Any]) -> float:
    """Save the model of the trial `best`, what it trained with being `candidate`, as `folder`/best.

    Among its facts are the seed and the share by which the search drew the validation split, so that a training which
    starts from it does not validate on what it has seen. Returns its accuracy on the test split. Raises `UsageError` if
    what the trial's folder holds is not its model.
    """
    config, options, augment = candidate
    source = folder / "trials" / f"{best.number:04d}" / "model"
    if (found := kept.weights_hash(source)) != best.weights_sha256:
        raise UsageError(
            f"{source} is not the model of trial {best.number}: its weights have the SHA-256 {found[:12]}..., "
            f"the ledger says {str(best.weights_sha256)[:12]}..."
        )
    model, facts = kept.load(source), kept.facts(source)
    data, image_size = load(**loading), None
    if data.spec.kind == "image" and config.input_shape != data.spec.shape:
        data, image_size = data.resized(config.input_shape), config.input_shape[0]
    compile_model(model, config, options, steps_per_epoch=1)
    accuracy = model.evaluate(data.test.batches(options.batch_size), verbose=0, return_dict=True)["accuracy"]
    split = {name: loading[name] for name in ("seed", "validation") if name in loading}
    training = {**dataclasses.asdict(options), "augment": augment, "epochs": best.epochs, "image_size": image_size}
    facts |= {
        "trial": best.number,
        "values": best.values,
        "seed": best.seed,
        "test_accuracy": accuracy,
        "training": {**training, **split},
    }
    own = isinstance(config, HyperNetwork)
    optimizer = "its own optimizer" if own and config.compiled else options.optimizer
    card = f"""# {config.source if own else config.family} on {data.spec.name}, found by a search

{best.parameters:,} parameters, input {config.input_shape}, {data.spec.classes} classes.
Test accuracy {100 * accuracy:.2f} % on {len(data.test):,} examples that decided nothing before,
validation accuracy {100 * best.val_accuracy:.2f} %, by which it was chosen.

Trial {best.number} of a {oracle} search by keras_dl: {best.epochs} epochs with {optimizer}, batches of
{options.batch_size}, {best.shown_values}. The weights are those of epoch {best.kept_epoch}.
Load it by `{load_words(config, "folder")}`.
"""
    kept.save(model, folder / "best", config, data.spec, facts, card, portable=True)
    return accuracy


def load_words(config: Config, folder: str | Path) -> str:
    """The call that loads what `save` wrote."""
    return f"keras_dl{'.search' if isinstance(config, HyperNetwork) else ''}.load({str(folder)!r})"
