"""What a network may cost, known before one of its weights exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keras_dl.catalogue.describe import Description, describe
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.search import exploring, latency, space
from keras_dl.search.helper import Helper
from keras_dl.search.ledger import OVER_BUDGET, RUNNING
from keras_dl.search.settings import Settings
from keras_dl.training import Options

if TYPE_CHECKING:
    import keras_tuner

SLOTS = {"adam": 2, "adamw": 2, "sgd": 0, "momentum": 1, "adagrad": 1}
"""numbers that each optimizer keeps for a weight"""
BYTES = 4
"""of a gradient, and of a number that an optimizer keeps"""


def judge(candidate: space.Candidate, limits: Mapping[str, float | None], helper: Helper) -> dict[str, Any]:
    """What a trial records of its size: "status", running or over_budget, "parameters", "reason" and "latency".

    `limits` are as in `Settings.budget`. The latency is measured last, by `helper`, and only where it is limited; it
    takes seconds, all else milliseconds. Raises `UsageError` for what cannot be built.
    """
    config = candidate.config
    described = exploring.described(config) if config.foreign else describe(config)
    facts = {"status": RUNNING, "parameters": described.parameters}
    if reason := _excess(described, candidate.options, limits):
        return {**facts, "status": OVER_BUDGET, "reason": reason}
    if (most := limits["max_latency"]) is None:
        return facts
    facts["latency"] = latency.measured(config, helper, most)
    if facts["latency"] <= most:
        return facts
    return {**facts, "status": OVER_BUDGET, "reason": f"{facts['latency']:.3g} ms for one input, over {most:g} ms"}


def check_smallest(
    hyperparameters: keras_tuner.HyperParameters, config: Config, settings: Settings, helper: Helper
) -> None:
    """Raise `UsageError` if even the smallest network of the space is over the budget."""
    if (values := space.smallest(hyperparameters, config)) is None:
        return
    try:
        judged = judge(space.apply(values, config, settings), settings.budget(), helper)
    except ValueError:  # the smallest numbers together make no network
        return
    if judged["status"] == OVER_BUDGET:
        raise UsageError(f"nothing in this space is within the budget: its smallest network needs {judged['reason']}")


def step_bytes(described: Description, options: Options) -> int:
    """The memory of one training step.

    weights + 4 bytes x trainable weights x (1 for the gradient + what the optimizer keeps, 2 for Adam)
    + batch size x the outputs of all layers for one input. Working memory of single operations is not in it.
    """
    kept = BYTES * described.trainable_parameters * (1 + SLOTS[options.optimizer])
    return described.weight_bytes + kept + options.batch_size * described.activation_bytes


def _excess(described: Description, options: Options, limits: Mapping[str, float | None]) -> str | None:
    """Words for the first limit that is exceeded."""
    figures = (
        (described.parameters, limits["max_parameters"], "parameters"),
        (described.multiply_adds, limits["max_multiply_adds"], "multiply-adds"),
        (step_bytes(described, options) / 1e6, limits["max_memory"], "MB in a training step"),
    )
    for figure, most, unit in figures:
        if most is not None and figure > most:
            return f"{_shown(figure)} {unit}, over {_shown(most)}"
    return None


def _shown(figure: float) -> str:
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.1f}"
