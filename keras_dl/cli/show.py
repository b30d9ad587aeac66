"""One network on one screen: what it is, its sizes stage by stage, and the fields that change it."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

from rich.console import Console
from rich.table import Table

from keras_dl.catalogue import entries
from keras_dl.catalogue.describe import Description, describe
from keras_dl.config import Config
from keras_dl.lazy import keras
from keras_dl.surgery import strides
from keras_dl.weights import available

BAR = 10
"""length of the bar of a map as high as the input, in characters"""


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
    if weights := available(name):
        console.print(f"published weights: {', '.join(weights)}")
    console.print(_stages(description, _strides(config)), _fields(config))


def _strides(config: Config) -> dict[str, int]:
    """The pixels between neighbours in the map of each stage, of a network that has one of pictures."""
    with keras.StatelessScope(initialize_variables=False):
        model = config.build()
    is_plain = not any(isinstance(layer, keras.Model) for layer in model.layers)
    return strides(model) if is_plain and len(getattr(config, "input_shape", ())) == 3 else {}


def _stages(description: Description, steps: dict[str, int]) -> Table:
    """A row a stage; the bar is as long as the maps are high, compared with the input."""
    columns = ("stage", "", "depth", "width", "stride", "output", "parameters", "multiply-adds")
    table = Table(*columns, box=None, padding=(0, 1, 0, 0))
    for column in table.columns[2:]:
        column.justify, column.no_wrap = "right", True
    groups = defaultdict(list)
    for layer in description.layers:
        stage = layer.name if layer.kind == "InputLayer" else layer.name.partition("_")[0]
        groups[stage].append(layer)
    image = description.layers[0]
    for stage, group in groups.items():
        if group[0] is not image and not any(layer.parameters for layer in group):
            continue
        shape = group[-1].output_shape
        is_map = len(shape) == 3
        table.add_row(
            stage,
            "█" * max(1, round(BAR * shape[0] / image.output_shape[0])) if is_map else "",
            str(sum(layer.multiply_adds > 0 for layer in group)),
            str(shape[-1]) if shape else "",
            str(steps.get(stage, "")),
            "x".join(map(str, shape)),
            f"{sum(layer.parameters for layer in group):,}",
            f"{sum(layer.multiply_adds for layer in group):,}",
        )
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
