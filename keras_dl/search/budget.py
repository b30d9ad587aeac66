"""What a network may cost, known before one of its weights exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_dl.config import Config
from keras_dl.describe import Description, describe
from keras_dl.errors import UsageError
from keras_dl.search import latency, space
from keras_dl.search.ledger import OVER_BUDGET, RUNNING
from keras_dl.search.settings import Settings
from keras_dl.training import Options

if TYPE_CHECKING:
    import keras_tuner

SLOTS = {"adam": 2, "adamw": 2, "sgd": 0, "momentum": 1, "adagrad": 1}
"""numbers that each optimizer keeps for a weight"""
BYTES = 4
"""of a gradient, and of a number that an optimizer keeps"""


def judge(candidate: space.Candidate, settings: Settings) -> dict[str, Any]:
    """What a trial records of its size: "status", running or over_budget, "parameters", "reason" and "latency".

    The latency is measured last, and only where it is limited; it takes seconds, all else milliseconds.
    Raises `ValueError` for what cannot be built.
    """
    described = describe(candidate.config)
    facts = {"status": RUNNING, "parameters": described.parameters}
    if reason := _excess(described, candidate.options, settings):
        return {**facts, "status": OVER_BUDGET, "reason": reason}
    if settings.max_latency is None:
        return facts
    facts["latency"], most = latency.measured([candidate.config])[0], settings.max_latency
    if facts["latency"] <= most:
        return facts
    return {**facts, "status": OVER_BUDGET, "reason": f"{facts['latency']:.3g} ms for one input, over {most:g} ms"}


def check_smallest(hyperparameters: keras_tuner.HyperParameters, config: Config, settings: Settings) -> None:
    """Raise `UsageError` if even the smallest network of the space is over the budget, its latency left aside."""
    if (values := space.smallest(hyperparameters, config)) is None:
        return
    try:
        candidate = space.apply(values, config, settings)
        described = describe(candidate.config)
    except ValueError:  # the smallest numbers together make no network
        return
    if reason := _excess(described, candidate.options, settings):
        raise UsageError(f"nothing in this space is within the budget: its smallest network has {reason}")


def step_bytes(described: Description, options: Options) -> int:
    """The memory of one training step.

    weights + 4 bytes x trainable weights x (1 for the gradient + what the optimizer keeps, 2 for Adam)
    + batch size x the outputs of all layers for one input. Working memory of single operations is not in it.
    """
    kept = BYTES * described.trainable_parameters * (1 + SLOTS[options.optimizer])
    return described.weight_bytes + kept + options.batch_size * described.activation_bytes


def _excess(described: Description, options: Options, settings: Settings) -> str | None:
    """Words for the first limit that is exceeded."""
    figures = (
        (described.parameters, settings.max_parameters, "parameters"),
        (described.multiply_adds, settings.max_multiply_adds, "multiply-adds"),
        (step_bytes(described, options) / 1e6, settings.max_memory, "MB in a training step"),
    )
    for figure, most, unit in figures:
        if most is not None and figure > most:
            return f"{_shown(figure)} {unit}, over {_shown(most)}"
    return None


def _shown(figure: float) -> str:
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.1f}"
