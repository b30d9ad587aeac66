"""The one place where a run becomes repeatable."""

from __future__ import annotations

from keras_dl.lazy import keras, tf
from keras_dl.training.options import Options


def seed_everything(options: Options) -> None:
    """Seed Python, NumPy and Keras; call it before building the network whose initial weights it decides."""
    keras.utils.set_random_seed(options.seed)
    if options.deterministic:
        tf.config.experimental.enable_op_determinism()
