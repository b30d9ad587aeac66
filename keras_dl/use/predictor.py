"""A saved model that takes what a user has, pictures or rows of numbers, and answers with classes."""

from __future__ import annotations

import csv
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_dl import names, saved_model
from keras_dl.config import Config
from keras_dl.data.pictures import SUFFIXES, read_pictures
from keras_dl.data.resize import cover
from keras_dl.errors import UsageError, some

BATCH = 32


@dataclasses.dataclass(frozen=True)
class Answer:
    """The classes of one input with their probabilities, the likeliest first; `source` is its file, or file:line."""

    source: str
    classes: tuple[tuple[str, float], ...]


class Predictor:
    """The saved model in `folder`, or called so in `saved_models/`; it must tell classes of pictures or of features.

    Pictures are prepared as in training: scaled to cover its input, cropped to the centre, values 0..255.
    Raises `UsageError`.
    """

    def __init__(self, folder: str | os.PathLike):
        contract = saved_model.read_contract(folder)
        self.config: Config = contract["config"]
        self.facts: dict[str, Any] = contract["facts"]
        if self.config.task != "classification":
            raise UsageError(f"{folder} is for {self.config.task}; predictions are made by networks that tell classes")
        self.model = saved_model.load(folder)
        self.class_names = tuple(contract["class_names"]) or tuple(map(str, range(max(2, self.config.classes))))

    @property
    def takes_pictures(self) -> bool:
        return len(self.config.input_shape) == 3

    def probabilities(self, inputs: np.ndarray) -> np.ndarray:
        """Those of the classes, (n, classes), for inputs (n, *input_shape) as the network takes them.

        Sigmoid and tanh outputs that were trained towards one-hot targets become shares of their sum.
        """
        outputs = self.model.predict(np.asarray(inputs, "float32"), batch_size=BATCH, verbose=0).astype("float64")
        activation = getattr(self.config, "classifier_activation", None)
        if outputs.shape[-1] == 1:
            yes = 1 / (1 + np.exp(-outputs)) if activation is None else outputs
            return np.concatenate([1 - yes, yes], axis=-1)
        if activation is None:
            outputs = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        elif activation == "tanh":
            outputs = (outputs + 1) / 2
        outputs = outputs.clip(1e-12)
        return outputs / outputs.sum(axis=-1, keepdims=True)

    def answers(self, sources: Sequence[str], inputs: np.ndarray) -> list[Answer]:
        """The answers for `inputs`, as `probabilities` takes them, that come from `sources`."""
        return [
            Answer(source, tuple((self.class_names[place], float(row[place])) for place in np.argsort(-row)))
            for source, row in zip(sources, self.probabilities(inputs), strict=True)
        ]

    def read(self, places: Sequence[str | os.PathLike], *, skip_bad: bool = False) -> tuple[list[str], np.ndarray]:
        """The inputs in files, or folders of files at any depth: what each is called, and all as arrays of the network.

        Files are pictures, or tables of numbers with the ending .csv, a row an input. Raises `UsageError` for what is
        not there, holds nothing, cannot be read, or has another number of columns than the network of inputs.
        """
        places = [names.expanded(names.checked("an input", place)) for place in places]
        files = [file for place in places for file in _files(place, self.takes_pictures)]
        return (self._pictures if self.takes_pictures else self._rows)(files, skip_bad)

    def _pictures(self, files: list[Path], skip_bad: bool) -> tuple[list[str], np.ndarray]:
        height, width, channels = self.config.input_shape
        pixels, pictures = read_pictures(files, height, width)
        bad = [f"{file} ({picture.bad})" for file, picture in zip(files, pictures, strict=True) if picture.bad]
        if len(bad) == len(files) or (bad and not skip_bad):
            advice = "" if len(bad) == len(files) else "; --skip-bad leaves them out"
            raise UsageError(f"{len(bad)} of {len(files)} pictures cannot be read: {some(bad, most=3)}{advice}")
        good = [not picture.bad for picture in pictures]
        return [str(file) for file, right in zip(files, good, strict=True) if right], _colours(pixels[good], channels)

    def _rows(self, files: list[Path], skip_bad: bool) -> tuple[list[str], np.ndarray]:
        width = int(np.prod(self.config.input_shape))
        sources, rows = [], []
        for file in files:
            for number, row in enumerate(_table(file), start=1):
                values = [_number(cell) for cell in row]
                if number == 1 and set(values) <= {None}:  # the names of the columns
                    continue
                if None in values:
                    raise UsageError(f"{file}, line {number}, holds what is no number: {','.join(row)}")
                if values and (len(values) != width or not np.isfinite(values).all()):
                    raise UsageError(f"{file}, line {number}, must hold {width} finite numbers, got {','.join(row)}")
                if values:
                    sources.append(f"{file}:{number}")
                    rows.append(values)
        if not rows:
            raise UsageError(f"{some([str(file) for file in files])} holds no row of numbers")
        return sources, np.array(rows, "float32").reshape(-1, *self.config.input_shape)


def predict(model: str | os.PathLike | Predictor, inputs: Sequence[str | os.PathLike]) -> list[Answer]:
    """The answers of a saved model for `inputs`: files of pictures or tables of numbers, or folders of them.

    Raises `UsageError` as `Predictor` and its `read` do.
    """
    predictor = model if isinstance(model, Predictor) else Predictor(model)
    places = [inputs] if isinstance(inputs, str | os.PathLike) else inputs
    if not isinstance(places, Sequence) or not places:
        raise UsageError(f"inputs must be files or folders, got {inputs!r:.60}")
    return predictor.answers(*predictor.read(places))


def _files(place: Path, pictures: bool) -> list[Path]:
    """`place`, or what lies in that folder and has a fitting ending."""
    if not place.exists():
        raise UsageError(f"there is no file or folder {place}")
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise UsageError(f"{place} is neither a file nor a folder")
    endings = SUFFIXES if pictures else {".csv"}
    found = sorted(
        file
        for file in place.rglob("*")
        if file.suffix.lower() in endings and file.is_file() and not file.name.startswith(".")
    )
    if not found:
        raise UsageError(f"{place} holds no {'pictures' if pictures else 'tables that end in .csv'}")
    return found


def _table(file: Path) -> list[list[str]]:
    """The cells of a table, row by row. Raises `UsageError` for what is none."""
    try:
        return list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file} is no table of numbers: {error}") from None


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _colours(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Pictures (n, height, width, 3) uint8 with so many channels, float32."""
    if channels == 3:
        return pixels.astype("float32")
    if (pixels == pixels[..., :1]).all():
        return pixels[..., :1].astype("float32")
    return cover(pixels, (*pixels.shape[1:3], channels)).numpy()
