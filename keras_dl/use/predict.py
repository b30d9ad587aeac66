"""The command `keras-dl predict`: what a saved model says of pictures, rows of numbers or sentences, or makes."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from typing import Annotated, Literal

import numpy as np
import tyro
from rich.table import Table

from keras_dl.console import plain_console
from keras_dl.data.gaps import FILLED, ROW
from keras_dl.errors import UsageError, shown
from keras_dl.fields import Count, NotNegative, Seed, at_least, check_fields, up_to
from keras_dl.learning.sheets import draw_sheet
from keras_dl.names import new_place, note
from keras_dl.use.predictor import Answer, Predictor
from keras_dl.use.writing import FIELDS, legible, writing

FEW = 30
"""numbers that are written out"""


@dataclasses.dataclass(frozen=True)
class Predict:
    """Ask a saved model: pictures, rows of numbers or sentences in, what it has learned to say out."""

    model: Annotated[str, tyro.conf.Positional]
    """the saved model: its folder, that of a run or a search, or its name in saved_models/"""
    inputs: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """pictures, folders of them, .csv files with a row of numbers an input, sentences, or .txt files of them; seeds,
    whole numbers, for a model that makes pictures of noise"""
    samples: Annotated[int, at_least(1), up_to(10_000)] | None = None
    """make so many pictures of noise: those of the seeds 0, 1, 2 and so on"""
    top: Count = 3
    """likeliest classes to show for each"""
    json: bool = False
    """print JSON: all that the model says of each input"""
    csv: bool = False
    """print a table for programs: a row an input, a column a class"""
    skip_bad: bool = False
    """leave out pictures that cannot be read"""
    out: str | None = None
    """file of the sheet of pictures that a model makes, a .png; default a new one under predictions/"""
    max_tokens: Count | None = None
    """most tokens that a model adds to a text; this and what follows is by default as the model was trained to answer
    """
    temperature: NotNegative | None = None
    """what logits are divided by before a token is drawn; 0 takes the likeliest"""
    top_k: Count | None = None
    """how many of the likeliest tokens can be drawn"""
    top_p: Annotated[float, up_to(1)] | None = None
    """of the likeliest tokens the fewest with this share can be drawn"""
    beams: Count | None = None
    """beginnings of a text that are gone on with side by side, to find the likeliest"""
    seed: Seed | None = None
    """decides what is drawn"""
    weights: Literal["float32", "int8"] | None = None
    """write texts one at a time by XLA, which compiles for some seconds, with weights of this type"""

    def __post_init__(self):
        check_fields(self)
        if not self.inputs and self.samples is None:
            raise UsageError("an input is missing: keras-dl predict MODEL INPUT...")
        if self.inputs and self.samples is not None:
            raise UsageError(f"samples={self.samples} are of the first seeds; give them or inputs, not both")
        if self.json and self.csv:
            raise UsageError("--json and --csv are two forms of the same; give one of them")
        if self.out is not None and not self.out.lower().endswith(".png"):
            raise UsageError(f"out is a picture, a file whose name ends in .png; got {shown(self.out)}")

    def run(self) -> list[Answer]:
        """Print and return the answers.

        Raises `UsageError`, as `Predictor` and its `read` do, and for an `out` that is there or makes no sense.
        """
        out = new_place(self.out, "predictions/{}.png")
        predictor = Predictor(self.model)
        if self.out is not None and not (predictor.task.answers_pictures or self.samples):
            raise UsageError(f"out is for models that make pictures; {shown(self.model)} answers in words")
        predictor.task = writing(predictor.task, {name: getattr(self, name) for name in FIELDS})
        if self.samples is None:
            sources, inputs = predictor.read(self.inputs, skip_bad=self.skip_bad)
            if len(sources) == 1 and hasattr(predictor.task, "streamed") and not (self.json or self.csv):
                return [_streamed(predictor, sources[0], inputs)]
            answers = predictor.answers(sources, inputs)
        else:
            answers = predictor.samples(self.samples)
        if self.json:
            print(json.dumps([{"input": shown(answer.source), **answer.value} for answer in answers], indent=2))
        elif self.csv:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            rows = [_cells(answer, predictor.class_names) for answer in answers]
            writer.writerow(dict.fromkeys(name for row in rows for name in row))
            writer.writerows(row.values() for row in rows)
        else:
            plain_console().print(_table(answers, self.top))
        if predictor.task.answers_pictures or self.samples:
            out.parent.mkdir(parents=True, exist_ok=True)
            draw_sheet(_pictures(answers), out)
            note(f"the pictures are in {out}")
        return answers


def _streamed(predictor: Predictor, source: str, inputs: dict[str, np.ndarray]) -> Answer:
    """The answer, a text, printed while it is written."""
    parts = []
    for part in predictor.task.streamed(predictor.model, predictor.config, inputs, predictor.spec):
        parts.append(part)
        print(legible(part), end="", flush=True)
    print()
    return Answer(source, {"text": "".join(parts)})


def _pictures(answers: list[Answer]) -> dict[str, np.ndarray]:
    """The pictures of all answers, (n, height, width, channels), by what they are called there."""
    found: dict[str, list] = {}
    for answer in answers:
        for name, value in answer.value.items():
            match value:
                case [[[*_], *_], *_]:
                    found.setdefault(name, []).append(value)
    return {name: np.array(pictures) for name, pictures in found.items()}


def _cells(answer: Answer, class_names: tuple[str, ...]) -> dict[str, object]:
    """A row of a table for programs: classes have a column each, in the order of the model; lists are JSON."""
    cells: dict[str, object] = {"input": shown(answer.source)}
    if ROW in answer.value:
        return cells | answer.value[ROW]
    for name, value in answer.value.items():
        if name == "probabilities":
            cells |= {label: f"{value[label]:.6f}" for label in class_names}
        elif isinstance(value, dict) and value.keys() == {"class", "probability"}:
            cells |= {name: value["class"], f"{name} probability": f"{value['probability']:.6f}"}
        else:
            cells[name] = json.dumps(value) if isinstance(value, list | dict) else value
    return cells


def _table(answers: list[Answer], top: int) -> Table:
    """The answers for people: the likeliest classes, the texts, the numbers, the things that were found."""
    table = Table("input", "answer", "", box=None)
    table.columns[0].overflow = table.columns[1].overflow = "fold"
    table.columns[2].justify = "right"
    for answer in answers:
        for place, (what, figure) in enumerate(_lines(answer, top)):
            table.add_row("" if place else shown(answer.source), what, figure)
    return table


def _lines(answer: Answer, top: int) -> list[tuple[str, str]]:
    if answer.classes:
        return [(name, f"{100 * share:.1f} %") for name, share in answer.classes[:top]]
    if ROW in answer.value:
        return [(f"{name}: {value}", "") for name, value in answer.value[FILLED].items()] or [("no gaps", "")]
    lines = []
    for name, value in answer.value.items():
        match value:
            case str():
                lines.append((value, ""))
            case int() | float():
                lines.append((name, f"{value:.6g}"))
            case {"class": found, "probability": share}:
                lines.append((f"{name}: {found}", f"{100 * share:.1f} %"))
            case [float(), *_] if len(value) <= FEW:
                lines.append((f"{name}: {' '.join(f'{number:.4g}' for number in value)}", ""))
            case [float(), *_]:
                lines.append((f"{name} of {len(value):,} numbers", ""))
            case [[[*_], *_], *_]:
                lines.append((f"{name} of {len(value)}x{len(value[0])}", ""))
            case [{"class": _, "score": _}, *_]:
                lines += [(f"{found['class']} at {found['box']}", f"{100 * found['score']:.1f} %") for found in value]
            case dict():
                lines += [(str(key), f"{figure:,}") for key, figure in value.items()]
    return lines or [("nothing", "")]
