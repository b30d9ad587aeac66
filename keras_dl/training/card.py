"""The card of a trained network: what it is, what it takes, how good it is, and how it became so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from keras_dl.data.spec import Spec

if TYPE_CHECKING:
    from keras_dl.training.job import Trained


def card(trained: Trained, result: dict[str, Any]) -> str:
    """The text of README.md, in Markdown; `result` has the scores on the test split, "test_examples" and "epochs"."""
    config, data, job = trained.training.config, trained.training.data, trained.job
    objective, options, spec = job.task.objective, job.options, data.spec
    what = objective.shown(result[f"test_{objective.metric}"])
    classes = f", {spec.classes} classes" if spec.classes else ""
    return f"""# {config.family} on {spec.name}

{result["parameters"]:,} parameters, {job.task.name.replace("_", " ")} of {takes(spec)}{classes}.
Test {what} on {result["test_examples"]:,} examples that decided nothing before.

Trained by keras_dl on {spec.counts["train"]:,} examples for {result["epochs"]} epochs: {options.optimizer},
learning rate {options.learning_rate:g} ({options.schedule}), weight decay {options.weight_decay:g} on
{options.weight_decay_on}, batches of {options.batch_size}, augmentation: {", ".join(job.augment) or "none"},
seed {options.seed}.
Ask it by `keras-dl predict FOLDER INPUT...`, measure it by `keras-dl evaluate FOLDER --data DATA`.
Load it by `keras_dl.load(folder)`; what it takes and gives is in config.json, input.json and output.json.
"""


def takes(spec: Spec) -> str:
    """What a network for data of `spec` takes, in words."""
    match spec.kind:
        case "image":
            height, width, channels = spec.shape
            colours = "gray" if channels == 1 else "RGB"
            return f"{colours} pictures, pixels 0..255, scaled to cover {height}x{width} and cropped to their centre"
        case "tokens":
            return f"texts of up to {spec.shape[0]} tokens, made by the vocabulary in input.json"
        case kind:
            return f"{math.prod(spec.shape)} numbers ({kind})"
