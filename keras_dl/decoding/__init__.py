"""Texts from a network that gives logits of the next token: the likeliest token, a sample, or a beam search.

All take `next_logits(token_ids, place)`, which gives the logits, (batch, vocabulary_size), of the token at `place`, a
number from 1 on, from those before it in `token_ids`, (batch, length) int32, whatever stands there and behind; or one
that remembers what it has made of them, `Remembering`. They take texts begun, `token_ids` and how many of each are
given, and continue them to the length of the array or to the token `end`, behind which pads, 0, follow. Shapes are
static, so `compiled` makes one program of it all.
"""

from keras_dl.decoding.beam import beam
from keras_dl.decoding.causal import causal, whole_windows
from keras_dl.decoding.conditional import conditional
from keras_dl.decoding.continuing import Remembering, continued, without
from keras_dl.decoding.greedy import greedy, likeliest
from keras_dl.decoding.program import compiled
from keras_dl.decoding.sampling import drawing, sampling, uniform_numbers
from keras_dl.decoding.streaming import streaming

__all__ = [
    "Remembering",
    "beam",
    "causal",
    "compiled",
    "conditional",
    "continued",
    "drawing",
    "greedy",
    "likeliest",
    "sampling",
    "streaming",
    "uniform_numbers",
    "whole_windows",
    "without",
]
