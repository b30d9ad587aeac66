"""The command `keras-dl predict`: what a saved model says of pictures or rows of numbers."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from typing import Annotated

import tyro
from rich.table import Table

from keras_dl.console import plain_console
from keras_dl.errors import UsageError, shown
from keras_dl.fields import Count, check_fields
from keras_dl.use.predictor import Answer, Predictor


@dataclasses.dataclass(frozen=True)
class Predict:
    """Tell the classes of pictures, or of rows of numbers, by a saved model."""

    model: Annotated[str, tyro.conf.Positional]
    """the saved model: its folder, that of a run or a search, or its name in saved_models/"""
    inputs: Annotated[tuple[str, ...], tyro.conf.Positional]
    """pictures, folders of them, or .csv files with a row of numbers an input"""
    top: Count = 3
    """likeliest classes to show for each"""
    json: bool = False
    """print JSON: all classes of each input with their probabilities"""
    csv: bool = False
    """print a table for programs: a row an input, a column a class"""
    skip_bad: bool = False
    """leave out pictures that cannot be read"""

    def __post_init__(self):
        check_fields(self)
        if not self.inputs:
            raise UsageError("an input is missing: keras-dl predict MODEL INPUT...")
        if self.json and self.csv:
            raise UsageError("--json and --csv are two forms of the same; give one of them")

    def run(self) -> list[Answer]:
        """Print and return the answers. Raises `UsageError`, as `Predictor` and its `read` do."""
        predictor = Predictor(self.model)
        answers = predictor.answers(*predictor.read(self.inputs, skip_bad=self.skip_bad))
        if self.json:
            print(json.dumps([_as_json(answer) for answer in answers], indent=2))
        elif self.csv:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(["input", "class", *predictor.class_names])
            for answer in answers:
                shares = dict(answer.classes)
                row = [f"{shares[name]:.6f}" for name in predictor.class_names]
                writer.writerow([shown(answer.source), answer.classes[0][0], *row])
        else:
            plain_console().print(_table(answers, self.top))
        return answers


def _as_json(answer: Answer) -> dict:
    return {"input": shown(answer.source), "class": answer.classes[0][0], "probabilities": dict(answer.classes)}


def _table(answers: list[Answer], top: int) -> Table:
    table = Table("input", "class", "probability", box=None)
    table.columns[0].overflow = "fold"
    table.columns[2].justify = "right"
    for answer in answers:
        for place, (name, probability) in enumerate(answer.classes[:top]):
            table.add_row("" if place else shown(answer.source), name, f"{100 * probability:.1f} %")
    return table
