"""Translation with attention: an encoder that reads both ways, a decoder that looks at what it needs for each word.

Bahdanau, Cho & Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate", ICLR 2015, appendix A;
RNNsearch-50 is `seq2seq_attention`. Inputs: `source_token_ids`, (batch, source_length) whole numbers,
`source_padding_mask`, the same shape, True where there is a token, and `target_token_ids`, (batch, target_length): the
token of the beginning and the translation but for its last token. Output: (batch, target_length,
target_vocabulary_size) logits of the tokens of the translation, each from those before it.

    name               parameters  width  embedding
    seq2seq_attention  80,401,000   1000        620

The nested models `encoder` and `decoder` are what a search uses; `attention` gives the decoder's alignment. The state
begins as a map of the encoder's backward state at the first token. The logits come, by way of pairs of which the larger
counts, from the state before the step, the token before and what was looked at, as the appendix and the authors' code
say (the text of section 3.1 names the state after the step).

The appendix leaves out all biases "to make the equations less cluttered"; so does the count above. With `biases` there
is one to each map but those of the alignment, 80,442,000 in all. The paper draws recurrent kernels orthogonal, other
kernels from N(0, 0.01^2), which suits 1000 units, and lets the score's vector start at zero; here kernels come from
Glorot's distribution at any width, and so that all weights learn from the first step on the vector does too.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, ClassVar

from keras_dl import config as settings
from keras_dl.config import Config
from keras_dl.fields import Count, at_least, multiple_of
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seq2Seq(Config):
    """A recurrent encoder and a recurrent decoder with attention."""

    task: ClassVar[str] = "translation"

    source_vocabulary_size: Annotated[int, at_least(2)] = 30000
    """tokens of the language that is read; ids are below it"""
    target_vocabulary_size: Annotated[int, at_least(2)] = 30000
    """tokens of the language that is written; ids are below it"""
    source_length: Count = 50
    """tokens of a sentence that is read, pads included"""
    target_length: Count = 50
    """tokens of a sentence that is written, pads included"""
    embedding_width: int = settings.width(620, low=16, high=620)
    """numbers in the vector of a token"""
    width: Annotated[int, multiple_of(2)] = settings.width(1000, low=16, high=1000, multiple_of=2)
    """numbers in a state, of each direction of the encoder; also the units that score, and those of the pairs"""
    biases: bool = False
    """whether gates, the first state, pairs and logits have biases"""


def gates(x, config: Seq2Seq, name: str):
    """(batch, length, any) -> (batch, length, 3 * width): what inputs give to the gates of a GRU."""
    return keras.layers.Dense(3 * config.width, use_bias=config.biases, name=name)(x)


def encoder(config: Seq2Seq) -> keras.Model:
    """Tokens in; `annotations`, (batch, source_length, 2 * width), and `state`, (batch, width), out."""
    token_ids = keras.Input((config.source_length,), dtype="int32", name="source_token_ids")
    mask = keras.Input((config.source_length,), dtype="bool", name="source_padding_mask")
    x = keras.layers.Embedding(config.source_vocabulary_size, config.embedding_width, name="encoder_embedding")(
        token_ids
    )
    gru = keras.layers.GRU(
        config.width,
        reset_after=False,
        use_bias=config.biases,
        return_sequences=True,
        return_state=True,
        name="encoder_gru",
    )
    annotations, _, backward = keras.layers.Bidirectional(gru, name="encoder_both_ways")(x, mask=mask)
    inputs = {"source_token_ids": token_ids, "source_padding_mask": mask}
    return keras.Model(inputs, {"annotations": annotations, "state": backward}, name="encoder")


def decoder(config: Seq2Seq) -> keras.Model:
    """Tokens so far and what `encoder` gives in; `logits` and `attention`, (batch, target_length, ..), out."""
    inputs = {
        "target_token_ids": keras.Input((config.target_length,), dtype="int32", name="target_token_ids"),
        "annotations": keras.Input((config.source_length, 2 * config.width), name="annotations"),
        "state": keras.Input((config.width,), name="state"),
        "source_padding_mask": keras.Input((config.source_length,), dtype="bool", name="source_padding_mask"),
    }
    x = keras.layers.Embedding(config.target_vocabulary_size, config.embedding_width, name="decoder_embedding")(
        inputs["target_token_ids"]
    )
    state = keras.layers.Dense(config.width, activation="tanh", use_bias=config.biases, name="decoder_state")(
        inputs["state"]
    )
    keys = keras.layers.Dense(config.width, use_bias=False, name="decoder_keys")(inputs["annotations"])
    states, contexts, attention = layers.AttentionGRU(config.width, name="decoder_gru")(
        [gates(x, config, "decoder_gates"), state, keys, inputs["annotations"], inputs["source_padding_mask"]]
    )
    x = keras.layers.Concatenate(name="decoder_join")([states, x, contexts])
    x = keras.layers.Dense(config.width, use_bias=config.biases, name="decoder_pairs")(x)
    x = layers.Maxout(name="decoder_larger")(x)
    logits = keras.layers.Dense(config.target_vocabulary_size, use_bias=config.biases, name="decoder_head")(x)
    return keras.Model(inputs, {"logits": logits, "attention": attention}, name="decoder")


def build(config: Seq2Seq) -> keras.Model:
    source = keras.Input((config.source_length,), dtype="int32", name="source_token_ids")
    mask = keras.Input((config.source_length,), dtype="bool", name="source_padding_mask")
    target = keras.Input((config.target_length,), dtype="int32", name="target_token_ids")
    inputs = {"source_token_ids": source, "source_padding_mask": mask, "target_token_ids": target}
    return keras.Model(inputs, parts(encoder(config), decoder(config), inputs)["logits"], name="seq2seq")


def parts(encoder: keras.Model, decoder: keras.Model, inputs: dict[str, Any]) -> dict[str, Any]:
    """What `decoder` gives for the `inputs` of the whole network."""
    source = {name: inputs[name] for name in ("source_token_ids", "source_padding_mask")}
    rest = {name: inputs[name] for name in ("source_padding_mask", "target_token_ids")}
    return decoder({**encoder(source), **rest})


def attention(model: keras.Model) -> keras.Model:
    """How much the network `model` looks at each source token for each target token, of the inputs that it takes.

    Shares of one, (batch, target_length, source_length).
    """
    given = parts(model.get_layer("encoder"), model.get_layer("decoder"), model.input)
    return keras.Model(model.input, given["attention"], name=f"{model.name}_attention")


VARIANTS = {"seq2seq_attention": Seq2Seq()}
