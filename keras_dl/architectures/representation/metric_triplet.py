"""An embedding on the unit sphere, where the distances of pictures tell whether they are of one class.

Schroff, Kalenichenko & Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering", CVPR 2015, section
3. Input: `image`, (batch, 28, 28, 1), pixels 0..255; output: (batch, 128), vectors of length 1.

    name            parameters  trainable  blocks
    metric_triplet     120,768    120,256  Conv-4, dense 128

The others are statistics of batch normalisation. The paper's convolutional networks have up to 140 million weights;
here it is Conv-4, as in `prototypical_net`, whose features a dense layer makes 128 numbers of. Any other network learns
the same by `--task triplets`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from keras_dl.architectures.representation.prototypical_net import Conv4, embedding
from keras_dl.fields import Count
from keras_dl.lazy import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetricTriplet(Conv4):
    """Blocks of a convolution, and a dense layer."""

    task: ClassVar[str] = "triplets"
    training: ClassVar[Mapping[str, Any]] = {"batch_size": 128}

    embedding_width: Count = 128
    """numbers of an embedding"""


def build(config: MetricTriplet) -> keras.Model:
    inputs, x = embedding(config)
    x = keras.layers.Dense(config.embedding_width, name="projection")(x)
    return keras.Model(inputs, keras.layers.UnitNormalization(name="length")(x), name="metric_triplet")


VARIANTS = {"metric_triplet": MetricTriplet()}
