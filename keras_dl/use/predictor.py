"""A saved model that takes what a user has, pictures, rows of numbers or sentences, and answers as its task says."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_dl import saved_model
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.learning.task import Task, pixels
from keras_dl.use.reading import Inputs, read, read_seeds


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a network says of one input: `value` as JSON holds it; `source` is its file, file:line, or the text."""

    source: str
    value: dict[str, Any]

    @property
    def classes(self) -> tuple[tuple[str, float], ...]:
        """The classes with their probabilities, the likeliest first; empty where none were to be told."""
        return tuple(self.value.get("probabilities", {}).items())


class Predictor:
    """The saved model in `folder`, or called so in `saved_models/`, ready for raw inputs.

    They are prepared as in training. Raises `UsageError`, also for a model that does not say what it takes.
    """

    def __init__(self, folder: str | os.PathLike):
        contract = saved_model.read_contract(folder)
        self.config: Config = contract["config"]
        self.task: Task = contract["task"]
        self.facts: dict[str, Any] = contract["facts"]
        if contract["spec"] is None:
            raise UsageError(f"{folder} does not say what it takes; train it anew, or call what keras_dl.load gives")
        self.spec = contract["spec"]
        self.model = saved_model.load(folder)

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.spec.class_names

    @property
    def takes_pictures(self) -> bool:
        return self.spec.kind == "image"

    def answers(self, sources: Sequence[str], inputs: dict[str, np.ndarray]) -> list[Answer]:
        """The answers for `inputs` by column, that come from `sources`."""
        values = self.task.answers(self.model, self.config, inputs, self.spec)
        return [Answer(source, value) for source, value in zip(sources, values, strict=True)]

    def read(self, places: Sequence[str | os.PathLike], *, skip_bad: bool = False) -> Inputs:
        """The inputs at `places`: see `keras_dl.use.reading.read`; seeds, for a model that makes pictures."""
        if self.task.makes_pictures:
            return read_seeds(places)
        return read(places, self.task.questions(self.spec), skip_bad=skip_bad)

    def samples(self, count: int) -> list[Answer]:
        """Pictures made of noise, by the seeds 0, 1, 2 and so on. Raises `UsageError` for a model that makes none."""
        made = self.task.made(self.model, self.config, range(count))
        return [Answer(f"seed {seed}", {"image": pixels(picture)}) for seed, picture in enumerate(made)]


def predict(model: str | os.PathLike | Predictor, inputs: Sequence[str | os.PathLike]) -> list[Answer]:
    """The answers of a saved model for `inputs`: files of pictures or tables of numbers, folders of them, or texts.

    Raises `UsageError` as `Predictor` and its `read` do.
    """
    predictor = model if isinstance(model, Predictor) else Predictor(model)
    places = [inputs] if isinstance(inputs, str | os.PathLike) else inputs
    if not isinstance(places, Sequence) or not places:
        raise UsageError(f"inputs must be files or folders, got {inputs!r:.60}")
    return predictor.answers(*predictor.read(places))
