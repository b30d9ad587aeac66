"""LocallyConnected2D against Conv2D of the same output shape: `python benchmarks/locally_connected.py`.

Both run by turns in one process, so that they share the machine's good and bad moments. Prints for each shape the
milliseconds of a forward pass and of a training step (median), and the ratio Conv2D / LocallyConnected2D; the goal is
a third or more.
"""

import statistics
import time

import keras
import numpy as np
import tensorflow as tf

from keras_dl.layers import LocallyConnected2D

GOAL = 1 / 3
ROUNDS = 31
SHAPES = (
    # batch, height, width, channels, filters, kernel, strides
    (32, 16, 16, 1, 12, 5, 2),
    (32, 8, 8, 12, 12, 5, 2),
    (32, 16, 16, 16, 16, 3, 1),
    (32, 32, 32, 16, 16, 3, 1),
    (128, 16, 16, 32, 32, 3, 1),
)


def steps(layer, shape):
    """The layer's forward pass and training step, compiled for inputs of `shape`."""
    optimizer = keras.optimizers.SGD(1e-3)
    layer.build((None, *shape[1:]))
    optimizer.build(layer.trainable_variables)

    @tf.function
    def forward(x):
        return layer(x)

    @tf.function
    def train(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean(tf.square(layer(x)))
        gradients = tape.gradient(loss, [*layer.trainable_variables, x])
        optimizer.apply_gradients(zip(gradients[:-1], layer.trainable_variables, strict=True))
        return loss, gradients[-1]

    return forward, train


def seconds(function, x) -> float:
    start = time.perf_counter()
    tf.nest.map_structure(np.asarray, function(x))
    return time.perf_counter() - start


def main():
    worst = float("inf")
    print(f"{'shape':>36} {'pass':>8} {'Conv2D':>9} {'local':>9} {'ratio':>6}")
    for batch, height, width, channels, filters, size, strides in SHAPES:
        shape = (batch, height, width, channels)
        x = tf.constant(np.random.default_rng(0).normal(size=shape), "float32")
        convolution = steps(keras.layers.Conv2D(filters, size, strides=strides, padding="same"), shape)
        local = steps(LocallyConnected2D(filters, size, strides=strides, padding=size // 2), shape)
        for name, *pair in zip(("forward", "training"), convolution, local, strict=True):
            for function in pair:
                seconds(function, x)
            times = [[seconds(function, x) for function in pair] for _ in range(ROUNDS)]
            shared, unshared = (1e3 * statistics.median(column) for column in zip(*times, strict=True))
            worst = min(worst, shared / unshared)
            label = f"{shape} -> {filters} maps, {size}x{size}/{strides}"
            print(f"{label:>36} {name:>8} {shared:>6.2f} ms {unshared:>6.2f} ms {shared / unshared:>6.2f}")
    print(f"worst ratio {worst:.2f}, goal {GOAL:.2f}: {'held' if worst >= GOAL else 'missed'}")


if __name__ == "__main__":
    main()
