"""The page of the catalogue, `keras_dl/architectures/README.md`, made from the registry.

`python -m keras_dl.pages.catalogue` writes it anew.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from keras_dl import architectures, storage
from keras_dl.catalogue import Entry, entries
from keras_dl.catalogue.describe import Description, describe
from keras_dl.weights import available

PATH = Path(architectures.__file__).with_name("README.md")

HEAD = """# The catalogue

Made from the registry by `python -m keras_dl.pages.catalogue`; a test fails when it is stale. Parameters include the
statistics of batch normalisation; multiply-adds are those of one input, without normalisations and activations.
`keras-dl show NAME` draws a network stage by stage.
"""

COLUMNS = ("name", "paper", "year", "task", "parameters", "multiply-adds", "input", "published weights")


def page() -> str:
    """The page as Markdown: a table for each folder of architectures, a row a network, families kept together."""
    ordered = sorted(entries().values(), key=lambda entry: entry.module.__name__)
    parts = [HEAD]
    for package, group in itertools.groupby(ordered, key=lambda entry: entry.module.__name__.split(".")[-2]):
        rows = [COLUMNS, ["---"] * 4 + ["---:"] * 2 + ["---"] * 2, *map(_row, group)]
        parts.append(f"## {package}\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n")
    return "\n".join(parts)


def _row(entry: Entry) -> list[str]:
    description = describe(entry.config)
    file = "/".join(entry.module.__name__.split(".")[-2:])
    return [
        f"[`{entry.name}`]({file}.py)",
        *entry.paper,
        entry.task,
        f"{description.parameters:,}",
        f"{description.multiply_adds:,}",
        _inputs(description),
        ", ".join(available(entry.name)),
    ]


def _inputs(description: Description) -> str:
    """The shapes of the inputs, each with its name where there are several."""
    inputs = [layer for layer in description.layers if layer.kind == "InputLayer" and "/" not in layer.name]
    shapes = {layer.name: " x ".join(map(str, layer.output_shape)) for layer in inputs}
    return ", ".join(shapes.values() if len(shapes) == 1 else [f"{name} {shape}" for name, shape in shapes.items()])


if __name__ == "__main__":
    storage.write(PATH, page())
