"""Recurrent networks that read a sentence, or another series, and say its class.

LSTM: Hochreiter & Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, with the forget gate of Gers,
Schmidhuber & Cummins, Neural Computation 12(10), 2000. Simple recurrent network: Elman, "Finding Structure in Time",
1990. GRU: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014.
Inputs: `token_ids`, (batch, length) whole numbers, and `padding_mask`, (batch, length), True where there is a token, to
the left of all pads; output: (batch, classes) logits. Pads change nothing, however many there are. A `series` of
vectors, (batch, steps, numbers) such as the spectra of a sound, takes the place of the tokens and of their table.

    name                   parameters  of the recurrent layer
    simple_rnn_classifier     313,670                   6,208
    lstm_classifier           332,294                  24,832
    gru_classifier            326,278                  18,816

The table of 9,596 vectors has those of the words in the question classification of TREC, case kept, and four that stand
for no word; there are 6 classes. The last layer gives its state at the last token, and of both directions where there
are two. Gates lie in Keras's order; the forget gate's bias starts at 1 (Jozefowicz et al. 2015); the GRU resets what
its recurrent kernel gives, as cuDNN and PyTorch do, with two biases, not what the kernel takes, as Cho et al. do.
Dropout is of inputs and outputs of the layers, not of their states (Zaremba et al. 2014).
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar, Literal

from keras_dl.config import Config, depth, width
from keras_dl.fields import Count, Share, at_least
from keras_dl.lazy import keras

CELLS = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recurrent(Config):
    """A recurrent network for sentences."""

    task: ClassVar[str] = "classification"

    cell: Literal["simple_rnn", "lstm", "gru"] = "lstm"
    """what computes the next state"""
    vocabulary_size: Annotated[int, at_least(2)] = 9596
    """tokens that there are; ids are below it"""
    length: Count = 40
    """tokens of a sentence, pads included"""
    series: tuple[Count, Count] | None = None
    """(steps, numbers) of a series of vectors that is read in place of tokens"""
    classes: Annotated[int, at_least(2)] = 6
    """number of outputs"""
    embedding_width: int = width(32, low=8, high=256)
    """numbers in the vector of a token"""
    units: int = width(64, low=8, high=512)
    """numbers in a state"""
    layers: int = depth(1, low=1, high=4)
    """recurrent layers, each of which reads the states of the one before it"""
    bidirectional: bool = False
    """whether each layer also reads backwards, with weights of its own"""
    dropout: Share = 0.5
    """fraction of the inputs of each layer and of the head that is dropped"""


def build(config: Recurrent) -> keras.Model:
    if config.series is None:
        name, entrance = "token_ids", keras.Input((config.length,), dtype="int32", name="token_ids")
        x = keras.layers.Embedding(config.vocabulary_size, config.embedding_width, name="embedding")(entrance)
    else:
        name, x = "series", (entrance := keras.Input(config.series, name="series"))
    mask = keras.Input(entrance.shape[1:2], dtype="bool", name="padding_mask")
    for index in range(1, config.layers + 1):
        x = keras.layers.Dropout(config.dropout, name=f"stage{index}_dropout")(x)
        cell = getattr(keras.layers, CELLS[config.cell])
        layer = cell(config.units, return_sequences=index < config.layers, name=f"stage{index}")
        if config.bidirectional:
            layer = keras.layers.Bidirectional(layer, name=f"stage{index}")
        x = layer(x, mask=mask)
    x = keras.layers.Dropout(config.dropout, name="head_dropout")(x)
    logits = keras.layers.Dense(config.classes, name="head")(x)
    return keras.Model({name: entrance, "padding_mask": mask}, logits, name="recurrent")


VARIANTS = {
    "simple_rnn_classifier": Recurrent(cell="simple_rnn"),
    "lstm_classifier": Recurrent(),
    "gru_classifier": Recurrent(cell="gru"),
}
PAPERS = {
    "simple_rnn_classifier": ("Finding Structure in Time", "1990"),
    "gru_classifier": ("Learning Phrase Representations using RNN Encoder-Decoder", "2014"),
}
