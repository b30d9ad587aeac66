"""The losses of a few training steps of one network, without XLA and with it."""

import time

import keras
import tensorflow as tf
from small_networks import examples

from keras_dl.config import Config
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.objective import compile_model

STEPS = 3


def both(config: Config, batch_size: int) -> tuple[list[float], list[float], float]:
    """The mean loss after each step, step by step without XLA and compiled with it, and the seconds of compiling.

    Both begin with the same weights. Dropout and the like are off, since XLA draws other noise.
    """
    keras.utils.set_random_seed(0)
    model, (x, y) = config.build(), examples(config, batch_size)
    for layer in model._flatten_layers():
        for name in ("rate", "dropout"):
            if name in vars(layer):
                setattr(layer, name, 0.0)
    options = Options(optimizer="sgd", learning_rate=1e-3)
    learner = get_task(config.task).learner(model, config, options)
    compile_model(learner, config, options, steps_per_epoch=STEPS)
    data = keras.tree.map_structure(tf.constant, (x, y))
    start, losses = model.get_weights(), []
    for step in (learner.train_step, tf.function(learner.train_step, jit_compile=True, autograph=False)):
        model.set_weights(start)
        learner.reset_metrics()
        began = time.perf_counter()
        losses.append([float(step(data)["loss"])])
        seconds = time.perf_counter() - began
        losses[-1] += [float(step(data)["loss"]) for _ in range(STEPS - 1)]
    return *losses, seconds
