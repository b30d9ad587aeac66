"""Penalties and bounds on the weights of any network, and noise on its labels and inputs, as options of a training."""

from __future__ import annotations

import dataclasses

from keras_dl.fields import NotNegative, Positive, Share
from keras_dl.lazy import keras, tf
from keras_dl.learning.kernels import kernels


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regularization:
    """What a training does against overfitting, whatever the network. What is a layer's, such as dropout, is not here.

    `l1`, `l2` and `max_norm` concern kernels only: biases, normalisations, embeddings and class tokens go free. So does
    weight decay, which is one of `Updates`. The losses that are reported contain the penalties, those of validation and
    test too, as everywhere in Keras.
    """

    l1: NotNegative = 0.0
    """penalty on the weights, times the sum of their absolute values"""
    l2: NotNegative = 0.0
    """penalty on the weights, times the sum of their squares; its gradient is 2 l2 times the weight"""
    max_norm: Positive | None = None
    """largest length of the weight vector into a unit; longer ones are shortened after each step"""
    label_smoothing: Share = 0.0
    """share of the label that is spread over all classes"""
    input_dropout: Share = 0.0
    """share of the inputs set to 0 in training; the others grow so that their mean stays"""


def regularize(model: keras.Model, options: Regularization) -> None:
    """Put the penalties and the bound of `options` on the kernels of `model`; what it declares itself stays otherwise.

    max_norm is a projection after each step. The weight vector into a unit is that of `kernels`, in a
    convolution a whole filter.
    """
    for kernel, incoming in kernels(model):
        if options.l1 or options.l2:
            kernel.regularizer = keras.regularizers.L1L2(options.l1, options.l2)
        if options.max_norm:
            kernel.constraint = keras.constraints.MaxNorm(options.max_norm, axis=list(incoming))


def drop_inputs(inputs: tf.Tensor, key: tf.Tensor, rate: float) -> tf.Tensor:
    """`inputs` (batch, ...) float32, each 0 with probability `rate` and else divided by 1 - `rate`; `key` (2,) int64.

    Srivastava et al. 2014, "Dropout", JMLR 15, section 10.
    """
    return tf.nn.experimental.stateless_dropout(inputs, rate, tf.random.experimental.stateless_fold_in(key, 1989))
