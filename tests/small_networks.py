"""A small network of every wiring in the catalogue, and inputs for it."""

import dataclasses
from typing import Any

import keras
import numpy as np

import keras_dl
from keras_dl.architectures.vision import ImageNetwork
from keras_dl.config import Config

FEW = {
    **dict.fromkeys(("vocabulary_size", "source_vocabulary_size", "target_vocabulary_size", "codes"), 13),
    **dict.fromkeys(("length", "source_length", "target_length"), 6),
    "samples": 2400,
}
"""tokens or codes that there are, tokens of a text, and samples of a sound, by the names of the fields"""


def smallest(config: Config) -> Config:
    """The lower end of the network's search space: every width and depth at its lowest, on a small input."""
    changes = {}
    for name, scale in config.scales().items():
        value = getattr(config, name)
        low = type(scale.low)(scale.low)
        changes[name] = (low,) * len(value) if isinstance(value, tuple) else low
    if "dropout" in {field.name for field in dataclasses.fields(config)}:
        changes["dropout"] = 0.25 if config.dropout else 0.0  # another rate is no other wiring
    changes |= {field.name: FEW[field.name] for field in dataclasses.fields(config) if field.name in FEW}
    if getattr(config, "classes", 0) is None:
        changes["classes"] = 3
    small = config.replace(**changes)
    least, fixed = getattr(small, "smallest_size", None), getattr(small, "fixed_size", False)
    if least is not None and (least > 1 or not fixed):
        size = max(8, least)
        small = small.replace(input_shape=(size, size, small.input_shape[2]))
    return small


SMALL = {}
"""The smallest configs, each with the first of the names that share it: depths collapse."""
for _name in keras_dl.list_models():
    SMALL.setdefault(smallest(keras_dl.get_config(_name)), _name)
FAMILIES = {config.family: config for config in reversed(SMALL)}
"""One of them of each family."""


def examples(config: Config, count: int = 32) -> tuple[Any, np.ndarray]:
    """Inputs in the range that the network declares, and labels of all classes: one an example, a pixel or a token."""
    generator = np.random.default_rng(0)
    of_one_kind = {"input_shape", "classes"} <= (names := {field.name for field in dataclasses.fields(config)})
    if not of_one_kind or "edges" in names:
        return by_name(config, count, generator)
    x = generator.normal(size=(count, *config.input_shape))
    if isinstance(config, ImageNetwork):
        x = generator.integers(0, 256, x.shape)
    y = np.arange(count) % max(2, config.classes)
    if config.task == "segmentation":
        y = generator.integers(0, config.classes, (count, *config.output_size))
    return x.astype("float32"), y


def by_name(config: Config, count: int, generator: np.random.Generator) -> tuple[Any, np.ndarray]:
    """Inputs of a network of several kinds, each as its name says, and labels in the shape of its output."""
    model = config.build()
    tensors = model.input if isinstance(model.input, dict) else {model.inputs[0].name: model.inputs[0]}
    x = {}
    for name, tensor in tensors.items():
        shape = (count, *tensor.shape[1:])
        if name.endswith("token_ids"):
            x[name] = generator.integers(1, smallest_vocabulary(config), shape).astype("int32")
        elif name.endswith("padding_mask"):
            x[name] = np.arange(shape[1]) < generator.integers(1, shape[1] + 1, (count, 1))
        elif name == "segment_ids":
            x[name] = generator.integers(0, config.segments, shape).astype("int32")
        elif name == "image":
            x[name] = generator.integers(0, 256, shape).astype("float32")
        elif name == "triple":
            x[name] = generator.integers(0, min(config.entities, config.relations), shape).astype("int32")
        elif name == "edge_index":
            nodes = tensors["x"].shape[1]
            x[name] = generator.integers(0, nodes, [size or 2 * nodes for size in shape]).astype("int32")
        else:
            x[name] = generator.normal(size=[size or 8 for size in shape]).astype("float32")
    output = model.outputs[0]
    y = generator.integers(0, output.shape[-1], (count, *output.shape[1:-1]))
    return x if isinstance(model.input, dict) else next(iter(x.values())), y


def smallest_vocabulary(config: Config) -> int:
    """Ids below it are in every vocabulary of the network."""
    return min(getattr(config, field.name) for field in dataclasses.fields(config) if "vocabulary_size" in field.name)


LEARNED_AT_ONCE = ("classification", "segmentation", "language_modeling", "translation")
"""tasks whose loss is plain, between one output and its labels: `tests/tasks` trains by all others"""


def arrays(outputs: Any) -> list[np.ndarray]:
    """The outputs of a network, one after another, whether they have names or not."""
    return [np.asarray(keras.ops.convert_to_numpy(one)) for one in keras.tree.flatten(outputs)]
