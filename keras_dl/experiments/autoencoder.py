"""Autoencoders of one hidden layer: networks that learn to return their input, for the features on the way.

Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked Denoising Autoencoders", JMLR 11, 2010; Baldi & Hornik,
"Neural networks and principal component analysis: learning from examples without local minima", Neural Networks 2,
1989.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from keras_dl.catalogue import get_config
from keras_dl.lazy import keras
from keras_dl.training import Options
from keras_dl.training.order import batches_of
from keras_dl.training.quiet import Quiet


def train_autoencoder(
    inputs: np.ndarray,
    units: int,
    *,
    activation: Literal["sigmoid", "linear"] = "sigmoid",
    masked: float = 0.0,
    steps: int,
    batch_size: int = 64,
    learning_rate: float = 3e-3,
    seed: int = 0,
) -> keras.Model:
    """A trained `mlp` of one hidden layer of `units`, whose outputs (n, d) are its inputs (n, d) of float32.

    With `activation` "sigmoid" inputs are in 0..1, the outputs are sigmoids and the loss is cross-entropy; with
    "linear" the outputs are linear and the loss is the squared error; inputs should have the mean 0, since a step
    along a large mean hides the other directions for very long. The part `masked` of the inputs is set to 0 while it
    learns to return all of them, and the others are scaled up by as much. Adam's learning rate falls to 0 along a
    cosine. `seed` decides the initial weights and all noise.
    """
    sigmoid = activation == "sigmoid"
    width = inputs.shape[1]
    config = get_config("mlp", input_shape=(width,), hidden=(units,), classes=width, input_dropout=masked)
    config = config.replace(activation=activation, classifier_activation="sigmoid" if sigmoid else None)
    rate = {"learning_rate": learning_rate, "schedule": "cosine", "warmup": 0}
    options = Options(steps_per_execution=math.gcd(steps, 50), **rate)
    training = Quiet.of(config, options, steps, loss="binary_crossentropy" if sigmoid else "mse")
    model = training.begin(seed)
    order = np.random.default_rng(seed).integers(len(inputs), size=(steps, batch_size))
    training.fit(batches_of(order, inputs, inputs))
    return model
