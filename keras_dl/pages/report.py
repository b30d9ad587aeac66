"""A folder of runs as one static page: every claim, every figure, the command behind it."""

from __future__ import annotations

import base64
import dataclasses
import importlib
import inspect
import re
import shlex
from pathlib import Path
from typing import Annotated

import jinja2
import tyro

from keras_dl import storage
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import CLAIMS
from keras_dl.experiments.recipe import Recipe
from keras_dl.names import expanded, note

PAGE = "report.html"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """What the page says about one run folder."""

    folder: str
    anchor: str
    summary: str
    paragraphs: tuple[str, ...]
    options: str
    """the command that repeats the run, or its config.json where a network is among the options"""
    claims: tuple[Claim, ...]
    figures: tuple[tuple[str, str], ...]
    """name and content, in base64, of each PNG"""

    @property
    def held(self) -> int:
        return sum(claim.held for claim in self.claims)


@dataclasses.dataclass(frozen=True)
class Report:
    """Turn a folder of runs into one page, report.html in that folder."""

    folder: Annotated[str, tyro.conf.Positional] = "runs"
    """the folder: of one run, or of several in folders of their own"""

    def run(self) -> Path:
        """Write the page and return where it is. Raises `UsageError` when there is no run that can be read."""
        root = expanded(self.folder)
        runs = read_runs(root)
        template = jinja2.Environment(autoescape=True).from_string(
            Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
        )
        held, total = sum(run.held for run in runs), sum(len(run.claims) for run in runs)
        text = template.render(title=f"keras_dl: {root.resolve().name}", runs=runs, held=held, total=total)
        page = storage.write(root / PAGE, text.encode("utf-8", "backslashreplace"))
        print(f"{held} of {total} claims held, in {len(runs)} runs: {page}")
        return page


def read_runs(root: Path) -> list[Run]:
    """The runs in the folders of `root`, or the one in `root` itself; a note tells which of several are left out.

    Left out are those that are damaged. Raises `UsageError` where there is no other.
    """
    if (root / "config.json").is_file():
        return [_read(root)]
    folders = sorted(path.parent for path in root.glob("*/config.json"))
    if not folders:
        raise UsageError(f"{root} holds no run: neither it nor a folder in it has a config.json")
    runs = []
    for folder in folders:
        try:
            runs.append(_read(folder))
        except (UsageError, OSError) as error:
            note(f"{folder} is left out: {error}")
    if not runs:
        raise UsageError(f"{root} holds no run that can be read")
    return runs


def _read(folder: Path) -> Run:
    recipe = Recipe.from_folder(folder)
    summary, *paragraphs = inspect.getdoc(importlib.import_module(type(recipe).__module__)).split("\n\n")
    return Run(
        folder=folder.resolve().name,
        anchor=re.sub(r"[^\w-]", "-", folder.resolve().name),
        summary=" ".join(summary.split()),
        paragraphs=tuple(" ".join(paragraph.split()) for paragraph in paragraphs),
        options=_options(recipe),
        claims=tuple(_claims(folder / CLAIMS)),
        figures=tuple(
            (path.stem, base64.b64encode(path.read_bytes()).decode()) for path in sorted(folder.glob("*.png"))
        ),
    )


def _options(recipe: Recipe) -> str:
    values = {field.name: (getattr(recipe, field.name), field.default) for field in dataclasses.fields(recipe)}
    if any(isinstance(value, Config) for value, _ in values.values()):
        return recipe.to_json()
    words = [f"keras-dl {recipe.command}"]
    for name, (value, default) in values.items():
        flag = name.replace("_", "-")
        if value == default or name == "out":
            continue
        elif isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            items = value if isinstance(value, tuple) else [value]
            words.append(f"--{flag} {shlex.join(map(str, items))}")
    return " ".join(words)


def _claims(file: Path) -> list[Claim]:
    if not file.exists():
        return []
    values = storage.read_json(file)
    if not isinstance(values, list):
        raise UsageError(f"{file} is damaged: it is not a list of claims")
    return [Claim.from_json(value) for value in values]
