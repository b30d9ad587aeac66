"""The page of the recipes, `recipes/README.md`: what each claim came to, in runs that were really made.

`python -m keras_dl.pages.recipes RUNS` writes it anew from the runs in the folder RUNS, and their figures beside it.
"""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

from keras_dl import storage
from keras_dl.experiments.recipe import RECIPES
from keras_dl.pages.report import Run, read_runs

PATH = RECIPES / "README.md"
FIGURES = "figures"

HEAD = """# What the recipes found

Each recipe runs by `keras-dl run NAME`, in about two minutes on two CPU cores with the digits that are embedded, and
ends in a line per claim. This page was made from such runs by `python -m keras_dl.pages.recipes`: {held} of {total}
claims held. Measured is the mean and the spread (standard deviation) over the seeds; what did not hold stays as it is.

| run | what it does | claims held |
| --- | --- | --- |
"""


def page(runs: list[Run]) -> str:
    """The page as Markdown: a table of all `runs`, then the claims and the figures of each."""
    held, total = sum(run.held for run in runs), sum(len(run.claims) for run in runs)
    rows = [
        f"| [{run.folder}](#{run.anchor}) | {_cell(run.summary)} | {run.held} of {len(run.claims)} |" for run in runs
    ]
    return "\n".join([HEAD.format(held=held, total=total) + "\n".join(rows), *map(_section, runs)])


def _section(run: Run) -> str:
    figures = "\n".join(f"![{name}]({FIGURES}/{run.anchor}-{name}.png)\n" for name, _ in run.figures)
    rows = [
        f"| {_cell(claim.text)} | {_cell(claim.quantity)}: {claim.found}"
        + (f" (published: {_cell(claim.published)})" if claim.published else "")
        + f" | {claim.bounds} | {_cell(claim.verdict)} |"
        for claim in run.claims
    ]
    head = "| what the literature says | measured | wanted | verdict |\n| --- | --- | --- | --- |"
    return f"\n## {run.folder}\n\n{run.summary}\n\n`{run.options}`\n\n{head}\n" + "\n".join(rows) + f"\n\n{figures}"


def _cell(text: str) -> str:
    return re.sub(r"([|<*_])", r"\\\1", text)


if __name__ == "__main__":
    found = [run for run in read_runs(Path(sys.argv[1])) if run.claims]
    for run in found:
        for name, content in run.figures:
            storage.write(PATH.parent / FIGURES / f"{run.anchor}-{name}.png", base64.b64decode(content))
    storage.write(PATH, page(found))
