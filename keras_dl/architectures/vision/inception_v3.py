"""Inception v3: factorised convolutions, batch normalisation.

Szegedy, Vanhoucke, Ioffe, Shlens & Wojna, "Rethinking the Inception Architecture for Computer Vision", CVPR 2016,
sections 3 to 6.
Input: (batch, 299, 299, 3) or any size from 75x75 up; output: (batch, classes) logits.

    name          parameters    trainable
    inception_v3  23,851,784   23,817,352

The paper's table and its figures do not agree in all filters; this is the network of the authors' code, which
keras.applications has too. Batch normalisation there has an offset and no gain, and the epsilon 1e-3; averages over
3x3 pixels leave the zeros around a map out. PyTorch's networks have gains, which are merged into the kernels when their
weights are loaded, and average the zeros too, so that their outputs differ.

The auxiliary classifier, which serves training only, and the dropout before the classifier are left out, as in
keras.applications. Pixels are scaled to -1..1.
"""

from __future__ import annotations

import dataclasses
from typing import Literal, NamedTuple

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import depth, width
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class InceptionV3(ImageClassifier):
    """A stem, a stage of two convolutions, and three stages of three kinds of modules."""

    input_shape: tuple[Count, Count, Count] = (299, 299, 3)
    width_multiplier: float = width(1.0, low=0.125, high=2.0)
    """factor on all filters"""
    modules: tuple[int, int, int] = depth((3, 4, 2), low=1, high=8)
    """modules in each stage, those that halve the resolution not counted"""

    @property
    def smallest_size(self) -> int:
        return 75  # 37, 35, 17, 15, 7, 3 and 1 positions after the strides and the windows without padding


class Convolution(NamedTuple):
    """Filters and window of a convolution, which normalisation and a rectification follow."""

    filters: int
    rows: int
    columns: int
    strides: int = 1
    padding: Literal["same", "valid"] = "same"


STEM = (Convolution(32, 3, 3, 2, "valid"), Convolution(32, 3, 3, 1, "valid"), Convolution(64, 3, 3))
STAGE1 = ("max", Convolution(80, 1, 1), Convolution(192, 3, 3, 1, "valid"))
TO_STAGE3 = (
    (Convolution(384, 3, 3, 2, "valid"),),
    (Convolution(64, 1, 1), Convolution(96, 3, 3), Convolution(96, 3, 3, 2, "valid")),
    ("max",),
)
TO_STAGE4 = (
    (Convolution(192, 1, 1), Convolution(320, 3, 3, 2, "valid")),
    (Convolution(192, 1, 1), Convolution(192, 1, 7), Convolution(192, 7, 1), Convolution(192, 3, 3, 2, "valid")),
    ("max",),
)
FORK = (Convolution(384, 1, 3), Convolution(384, 3, 1))
MODULE_OF_STAGE4 = (
    (Convolution(320, 1, 1),),
    (Convolution(384, 1, 1), FORK),
    (Convolution(448, 1, 1), Convolution(384, 3, 3), FORK),
    ("average", Convolution(192, 1, 1)),
)


def module_of_stage2(projection: int) -> tuple:
    return (
        (Convolution(64, 1, 1),),
        (Convolution(48, 1, 1), Convolution(64, 5, 5)),
        (Convolution(64, 1, 1), Convolution(96, 3, 3), Convolution(96, 3, 3)),
        ("average", Convolution(projection, 1, 1)),
    )


def module_of_stage3(inner: int) -> tuple:
    across, down = Convolution(inner, 1, 7), Convolution(inner, 7, 1)
    return (
        (Convolution(192, 1, 1),),
        (Convolution(inner, 1, 1), across, Convolution(192, 7, 1)),
        (Convolution(inner, 1, 1), down, across, down, Convolution(192, 1, 7)),
        ("average", Convolution(192, 1, 1)),
    )


def plan(config: InceptionV3) -> dict[str, tuple]:
    """The branches of every module by the module's name, from the input on.

    A branch is a tuple of convolutions, of poolings, "average" or "max", and of forks: convolutions side by side.
    """
    stage2, stage3, stage4 = config.modules
    modules = {f"stage2_block{block + 1}": module_of_stage2((32, 64)[min(block, 1)]) for block in range(stage2)}
    modules["stage3_block1"] = TO_STAGE3
    for block in range(stage3):
        modules[f"stage3_block{block + 2}"] = module_of_stage3((128, 160, 160, 192)[min(block, 3)])
    modules["stage4_block1"] = TO_STAGE4
    return modules | {f"stage4_block{block + 2}": MODULE_OF_STAGE4 for block in range(stage4)}


def convolution(x, config: InceptionV3, step: Convolution, name: str, number: int | str):
    """(batch, height, width, channels) -> (batch, rows, columns, filters)."""
    x = keras.layers.Conv2D(
        max(1, round(config.width_multiplier * step.filters)),
        (step.rows, step.columns),
        strides=step.strides,
        padding=step.padding,
        use_bias=False,
        name=f"{name}_conv{number}",
    )(x)
    x = layers.BatchNormalization(scale=False, name=f"{name}_norm{number}")(x)
    return keras.layers.Activation("relu", name=f"{name}_relu{number}")(x)


def branch(x, config: InceptionV3, steps: tuple, name: str):
    """(batch, height, width, channels) -> (batch, rows, columns, filters) after all `steps`."""
    number = 0
    for step in steps:
        if step == "max":
            x = keras.layers.MaxPooling2D(3, strides=2, name=f"{name}_pool")(x)
        elif step == "average":
            x = keras.layers.AveragePooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
        else:
            number += 1
            if isinstance(step, Convolution):
                x = convolution(x, config, step, name, number)
            else:
                sides = [convolution(x, config, side, name, f"{number}{'ab'[i]}") for i, side in enumerate(step)]
                x = keras.layers.Concatenate(name=f"{name}_concat")(sides)
    return x


def build(config: InceptionV3) -> keras.Model:
    inputs, x = pixels(config)
    x = branch(x, config, STEM, "stem")
    x = branch(x, config, STAGE1, "stage1")
    x = keras.layers.MaxPooling2D(3, strides=2, name="stage2_pool")(x)
    for name, branches in plan(config).items():
        maps = [branch(x, config, steps, f"{name}_branch{i}") for i, steps in enumerate(branches, start=1)]
        x = keras.layers.Concatenate(name=f"{name}_concat")(maps)
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="inception_v3")


VARIANTS = {"inception_v3": InceptionV3()}
