"""One network on one screen: what it is, its sizes stage by stage, and the fields that change it."""

from __future__ import annotations

import dataclasses
import itertools

from rich.console import Console
from rich.table import Table

from keras_dl.catalogue import entries
from keras_dl.config import Config
from keras_dl.describe import LayerDescription, describe


def show(config: Config, name: str) -> None:
    """Print the network `config`, which is `name` or a variation of it."""
    console = Console()
    description = describe(config)
    entry = entries()[name]
    console.print(f"[bold]{name}[/]  {entry.summary}  [dim]({entry.module.__name__})[/]")
    console.print(
        f"{description.parameters:,} parameters ({description.trainable_parameters:,} trainable), "
        f"{description.multiply_adds:,} multiply-adds, {description.links:,} links, "
        f"{_megabytes(description.weight_bytes)} of weights, {_megabytes(description.activation_bytes)} of activations"
    )
    console.print(_stages(description.layers), _fields(config))


def _stages(layers: tuple[LayerDescription, ...]) -> Table:
    table = Table("stage", "layers", "output", "parameters", "multiply-adds", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for stage, group in itertools.groupby(layers, key=lambda layer: layer.name.partition("_")[0]):
        group = list(group)
        shape = " x ".join(map(str, group[-1].output_shape))
        parameters, multiply_adds = (sum(getattr(x, key) for x in group) for key in ("parameters", "multiply_adds"))
        table.add_row(stage, str(len(group)), shape, f"{parameters:,}", f"{multiply_adds:,}")
    return table


def _fields(config: Config) -> Table:
    table = Table("field", "value", "search", box=None)
    scales = config.scales()
    for field in dataclasses.fields(config):
        scale = scales.get(field.name)
        search = f"{scale.axis} {scale.low} .. {scale.high}" if scale else ""
        table.add_row(field.name, str(getattr(config, field.name)), search)
    return table


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
