"""An acoustic model: a deep network that tells from some frames of speech which state of a word is being said.

Hinton et al., "Deep Neural Networks for Acoustic Modeling in Speech Recognition", IEEE Signal Processing Magazine
29(6), 2012; Jaitly, Nguyen, Senior & Vanhoucke, "Application of Pretrained Deep Neural Networks to Large Vocabulary
Speech Recognition", Interspeech 2012. Input: `series`, (batch, steps, bands), the logarithmic energies of 40 bands on
the mel scale, in windows of 25 ms every 10 ms; output: (batch, steps, classes), a number for each state of a hidden
Markov model at each step, told from the `frames` around it.

    name            parameters  layers  units  frames  states
    speech_dnn_hmm   5,650,384       4   1024      11    2000

Hidden units are rectified, as Zeiler et al. (ICASSP 2013) have them; the papers of 2012 have sigmoids, pre-trained. The
number of states is that of the triphones of a language, here a round one; its data decide it.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar

from keras_dl.config import Config, depth, width
from keras_dl.fields import Bounds, Count, Share, at_least
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpeechDNN(Config):
    """Dense layers on stacked frames."""

    task: ClassVar[str] = "speech_recognition"

    series: tuple[Count, Count] = (100, 40)
    """(steps, bands) of a recording"""
    classes: Annotated[int, at_least(2)] = 2000
    """states of all words"""
    frames: Annotated[int, Bounds("an odd number", lambda count: count > 0 and count % 2 == 1)] = 11
    """steps that are seen at once, the one that is told in their middle"""
    units: int = width(1024, low=64, high=3000)
    """units of a hidden layer"""
    layers: int = depth(4, low=1, high=10)
    """hidden layers"""
    dropout: Share = 0.0
    """fraction of hidden units that is dropped"""


def build(config: SpeechDNN) -> keras.Model:
    series = keras.Input(config.series, name="series")
    x = layers.StackedFrames(config.frames, name="stem")(series)
    for index in range(1, config.layers + 1):
        x = keras.layers.Dense(config.units, activation="relu", name=f"stage{index}")(x)
        x = keras.layers.Dropout(config.dropout, name=f"stage{index}_dropout")(x)
    return keras.Model(series, keras.layers.Dense(config.classes, name="head")(x), name="speech_dnn")


VARIANTS = {"speech_dnn_hmm": SpeechDNN()}
