"""A training step of resnet20 by `keras_dl.training.fit` against plain `model.fit`.

Run it by `python benchmarks/resnet20_step.py`. The same network, optimizer, loss and batches of 128 noisy pictures:
once with all that `keras_dl` adds to a step (an order for each epoch, checks for NaN and signals, TensorBoard), once by
Keras alone. They train by turns in one process, an epoch each, so that they share the machine's good and bad moments.
Prints the milliseconds a step (median), and the median and the quartiles of the paired ratios; the goal is 1.
"""

import statistics
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_dl import get_config
from keras_dl.data import Data, Spec, Split
from keras_dl.training import Options, fit

BATCH, STEPS, ROUNDS = 128, 8, 24
SHAPE, CLASSES, RATE = (32, 32, 3), 10, 0.01


class StepTimer(keras.callbacks.Callback):
    """Collects the seconds a step, per epoch, from the end of its first step to the end of its last."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_train_batch_end(self, batch, logs=None):
        if batch == 0:
            self._began = time.perf_counter()
        elif batch == STEPS - 1:
            self.seconds.append((time.perf_counter() - self._began) / batch)


class Plain(keras.callbacks.Callback):
    """The network trained by Keras alone, an epoch whenever the training that it watches has ended one."""

    def __init__(self, data):
        super().__init__()
        self._network = get_config("resnet20").build()
        self._network.compile(
            optimizer=keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        pictures = tf.data.Dataset.from_tensor_slices((data.train.stored, data.train.labels))
        self._batches = pictures.shuffle(len(data.train)).batch(BATCH).prefetch(tf.data.AUTOTUNE)
        self._timer = StepTimer()
        self.seconds = self._timer.seconds

    def on_epoch_end(self, epoch, logs=None):
        self._network.fit(self._batches, callbacks=[self._timer], verbose=0)


def noise() -> Data:
    generator = np.random.default_rng(0)
    count = BATCH * STEPS
    pictures = generator.integers(0, 256, (count, *SHAPE), dtype=np.uint8)
    train = Split.of(pictures, generator.integers(0, CLASSES, count))
    few = train.take(range(BATCH))
    counts = {"train": count, "validation": BATCH, "test": BATCH}
    spec = Spec.labelled(
        name="noise", kind="image", shape=SHAPE, classes=CLASSES, class_names=tuple("0123456789"), counts=counts
    )
    return Data(spec=spec, train=train, validation=few, test=few)


def main():
    data, config = noise(), get_config("resnet20")
    options = Options(
        epochs=ROUNDS + 1, batch_size=BATCH, optimizer="momentum", learning_rate=0.01, deterministic=False
    )
    ours = StepTimer()
    plain = Plain(data)
    with tempfile.TemporaryDirectory() as folder:
        fit(config.build(), config, data, options, Path(folder), callbacks=[ours, plain], verbose=0)
    pairs = zip(ours.seconds[1:], plain.seconds[1:], strict=True)
    low, ratio, high = statistics.quantiles((mine / theirs for mine, theirs in pairs), n=4)
    for name, timer in (("keras_dl", ours), ("plain", plain)):
        print(f"{name:10}{1e3 * statistics.median(timer.seconds[1:]):7.1f} ms a step")
    print(f"ratio keras_dl / plain {ratio:.3f} (quartiles {low:.3f} to {high:.3f}), goal 1")


if __name__ == "__main__":
    main()
