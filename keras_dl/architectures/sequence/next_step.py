"""A recurrent network that tells at each step of a series what comes next.

The autoregressive baseline of self-supervised learning: Graves, "Generating Sequences With Recurrent Neural Networks",
arXiv:1308.0850, 2013, section 2, with a GRU (Cho et al., EMNLP 2014) and the squared error in place of mixtures.
Input: `series`, (batch, steps, numbers); output: the same shape, at each step the numbers of the next one, told from
this step and those before it.

    name                 parameters  of the GRU  of the head
    next_step_predictor      20,896      18,816        2,080

The table is of 32 numbers a step. The GRU resets what its recurrent kernel gives, as cuDNN and PyTorch do, with two
biases.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

from keras_dl.architectures.sequence.recurrent import CELLS
from keras_dl.config import Config, depth, width
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class NextStep(Config):
    """A recurrent network for series."""

    task: ClassVar[str] = "forecasting"

    cell: Literal["simple_rnn", "lstm", "gru"] = "gru"
    """what computes the next state"""
    series: tuple[Count, Count] = (48, 32)
    """(steps, numbers) of a series"""
    units: int = width(64, low=8, high=512)
    """numbers in a state"""
    layers: int = depth(1, low=1, high=4)
    """recurrent layers, each of which reads the states of the one before it"""
    dropout: Share = 0.0
    """fraction of the states of each layer that is dropped on the way to the next"""


def build(config: NextStep) -> keras.Model:
    x = series = keras.Input(config.series, name="series")
    for index in range(1, config.layers + 1):
        x = getattr(keras.layers, CELLS[config.cell])(config.units, return_sequences=True, name=f"stage{index}")(x)
        x = keras.layers.Dropout(config.dropout, name=f"stage{index}_dropout")(x)
    return keras.Model(series, keras.layers.Dense(config.series[1], name="head")(x), name="next_step")


VARIANTS = {"next_step_predictor": NextStep()}
