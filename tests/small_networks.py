"""A small network of every wiring in the catalogue, and inputs for it."""

import dataclasses

import numpy as np

import keras_dl
from keras_dl.architectures.vision import ImageNetwork
from keras_dl.config import Config


def smallest(config: Config) -> Config:
    """The lower end of the network's search space: every width and depth at its lowest, on a small input."""
    changes = {}
    for name, scale in config.scales().items():
        value = getattr(config, name)
        low = type(scale.low)(scale.low)
        changes[name] = (low,) * len(value) if isinstance(value, tuple) else low
    if "dropout" in {field.name for field in dataclasses.fields(config)}:
        changes["dropout"] = 0.25 if config.dropout else 0.0  # another rate is no other wiring
    small = config.replace(**changes)
    if isinstance(small, ImageNetwork) and (small.smallest_size > 1 or not small.fixed_size):
        size = max(8, small.smallest_size)
        small = small.replace(input_shape=(size, size, small.input_shape[2]))
    return small


SMALL = {}
"""The smallest configs, each with the first of the names that share it: depths collapse."""
for _name in keras_dl.list_models():
    SMALL.setdefault(smallest(keras_dl.get_config(_name)), _name)


def examples(config: Config, count: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Inputs in the range that the network declares, and labels of all classes: one an example, or one a pixel."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(count, *config.input_shape))
    if isinstance(config, ImageNetwork):
        x = generator.integers(0, 256, x.shape)
    y = np.arange(count) % max(2, config.classes)
    if config.task == "segmentation":
        y = generator.integers(0, config.classes, (count, *config.output_size))
    return x.astype("float32"), y
