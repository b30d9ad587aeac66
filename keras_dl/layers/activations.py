"""Activation functions that Keras does not have."""

import keras


@keras.saving.register_keras_serializable(package="keras_dl")
def scaled_tanh(x):
    """1.7159 tanh(2x / 3), of any shape: f(1) = 1 and f(-1) = -1 (LeCun et al. 1998, Proc. IEEE 86(11), app. A)."""
    return 1.7159 * keras.ops.tanh(2 / 3 * x)


@keras.saving.register_keras_serializable(package="keras_dl")
def tanh_gelu(x):
    """GELU by way of the tanh, of any shape, as GPT has it (Hendrycks & Gimpel 2016, "Gaussian Error Linear Units")."""
    return keras.ops.gelu(x, approximate=True)
