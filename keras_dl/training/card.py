"""The card of a trained network: what it is, what it takes, how good it is, and how it became so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from keras_dl.data.spec import Spec
from keras_dl.learning.task import Task

if TYPE_CHECKING:
    from keras_dl.training.job import Trained


def card(trained: Trained, result: dict[str, Any]) -> str:
    """The text of README.md, in Markdown; `result` has the scores on the test split, "test_examples" and "epochs"."""
    config, data, job = trained.training.config, trained.training.data, trained.job
    objective, options, spec = job.task.objective, job.options, data.spec
    what = objective.shown(result[f"test_{objective.metric}"])
    classes = f", {spec.classes} classes" if spec.classes and ("class",) in job.task.wants else ""
    return f"""# {config.family} on {spec.name}

{result["parameters"]:,} parameters, {job.task.name.replace("_", " ")} of {takes(spec)}{classes}.
Test {what} on {result["test_examples"]:,} examples that decided nothing before.

Trained by keras_dl on {spec.counts["train"]:,} examples for {result["epochs"]} epochs: {options.optimizer},
learning rate {options.learning_rate:g} ({options.schedule}), weight decay {options.weight_decay:g} on
{options.weight_decay_on}, batches of {options.batch_size}, augmentation: {", ".join(job.augment) or "none"},
seed {options.seed}.
{usage(spec, job.task)}
The network alone is `keras_dl.load("FOLDER")`; what it takes and gives is in config.json, input.json and output.json.
"""


def usage(spec: Spec, task: Task) -> str:
    """How to measure it and, where it answers, to ask it: on the command line and step by step in Python."""
    measured = "by `keras-dl evaluate FOLDER --data DATA`"
    if type(task).answers is Task.answers:
        return f"Measure it {measured}.\n"
    asked = example(spec, task)
    return f"""Ask it by `keras-dl predict FOLDER "{asked}"`, measure it {measured}, or in Python:

```python
from keras_dl.use.predictor import Predictor

predictor = Predictor("FOLDER")
sources, inputs = predictor.read(["{asked}"])  # arrays as the network takes them
answers = predictor.answers(sources, inputs)  # what keras_dl.predict("FOLDER", ["{asked}"]) gives
```
"""


def example(spec: Spec, task: Task) -> str:
    """An input as `keras_dl.predict` takes it."""
    if task.makes_pictures:
        return "7"
    sound = spec.columns[spec.input].rate is not None
    files = {"image": "recording.wav" if sound else "picture.jpg", "series": "recording.wav" if sound else "series.csv"}
    return files.get(spec.kind) or {"tokens": "A text.", "nodes": "graph.npz"}.get(spec.kind, "table.csv")


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
