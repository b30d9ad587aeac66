"""Translation without attention: an LSTM reads a sentence backwards into its states, another writes from these.

Sutskever, Vinyals & Le, "Sequence to Sequence Learning with Neural Networks", NIPS 2014, sections 2 and 3. Inputs:
`source_token_ids`, (batch, source_length) whole numbers, `source_padding_mask`, the same shape, True where there is a
token, and `target_token_ids`, (batch, target_length): the token of the beginning and the translation but for its last
token. Output: (batch, target_length, target_vocabulary_size) logits of the tokens of the translation, each from those
before it.

    name            parameters  layers  width
    seq2seq_lstm   384,112,000       4   1000

64,032,000 of these are of the recurrent layers. The nested models `encoder` and `decoder` are what a translation uses;
the encoder gives both states of each of its layers. A sentence is read from its last token to its first, pads left out.
The paper draws all weights from -0.08 to 0.08, which suits 1000 units; here kernels come from Glorot's distribution at
any width, and the forget gate's bias starts at 1 (Jozefowicz et al. 2015).
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar

from keras_dl import config as settings
from keras_dl.config import Config
from keras_dl.fields import Count, at_least
from keras_dl.lazy import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seq2SeqLSTM(Config):
    """Stacked LSTMs that read, and as many that write."""

    task: ClassVar[str] = "translation"

    source_vocabulary_size: Annotated[int, at_least(2)] = 160_000
    """tokens of the language that is read; ids are below it"""
    target_vocabulary_size: Annotated[int, at_least(2)] = 80_000
    """tokens of the language that is written; ids are below it"""
    source_length: Count = 50
    """tokens of a sentence that is read, pads included"""
    target_length: Count = 50
    """tokens of a sentence that is written, pads included"""
    width: int = settings.width(1000, low=16, high=1000)
    """numbers in the vector of a token, and units of a layer"""
    layers: int = settings.depth(4, low=1, high=8)
    """recurrent layers of the encoder, and of the decoder"""


def encoder(config: Seq2SeqLSTM) -> keras.Model:
    """Tokens in; `hidden1`, `cell1`, `hidden2` .., (batch, width), out: both states of each layer."""
    token_ids = keras.Input((config.source_length,), dtype="int32", name="source_token_ids")
    mask = keras.Input((config.source_length,), dtype="bool", name="source_padding_mask")
    x = keras.layers.Embedding(config.source_vocabulary_size, config.width, name="encoder_embedding")(token_ids)
    states, there = {}, mask
    for index in range(1, config.layers + 1):
        lstm = keras.layers.LSTM(
            config.width, go_backwards=index == 1, return_sequences=True, return_state=True, name=f"encoder{index}"
        )
        x, states[f"hidden{index}"], states[f"cell{index}"] = lstm(x, mask=there)
        there = keras.ops.flip(mask, axis=1)
    return keras.Model({"source_token_ids": token_ids, "source_padding_mask": mask}, states, name="encoder")


def decoder(config: Seq2SeqLSTM) -> keras.Model:
    """Tokens so far and what `encoder` gives in; logits, (batch, target_length, target_vocabulary_size), out."""
    inputs = {"target_token_ids": keras.Input((config.target_length,), dtype="int32", name="target_token_ids")}
    x = keras.layers.Embedding(config.target_vocabulary_size, config.width, name="decoder_embedding")(
        inputs["target_token_ids"]
    )
    for index in range(1, config.layers + 1):
        names = (f"hidden{index}", f"cell{index}")
        inputs |= {name: keras.Input((config.width,), name=name) for name in names}
        lstm = keras.layers.LSTM(config.width, return_sequences=True, name=f"decoder{index}")
        x = lstm(x, initial_state=[inputs[name] for name in names])
    return keras.Model(inputs, keras.layers.Dense(config.target_vocabulary_size, name="head")(x), name="decoder")


def build(config: Seq2SeqLSTM) -> keras.Model:
    source = keras.Input((config.source_length,), dtype="int32", name="source_token_ids")
    mask = keras.Input((config.source_length,), dtype="bool", name="source_padding_mask")
    target = keras.Input((config.target_length,), dtype="int32", name="target_token_ids")
    states = encoder(config)({"source_token_ids": source, "source_padding_mask": mask})
    logits = decoder(config)({"target_token_ids": target, **states})
    inputs = {"source_token_ids": source, "source_padding_mask": mask, "target_token_ids": target}
    return keras.Model(inputs, logits, name="seq2seq_lstm")


VARIANTS = {"seq2seq_lstm": Seq2SeqLSTM()}
