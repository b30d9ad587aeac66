"""How long a training step of resnet20 waits for its augmented pictures.

Run it by `python benchmarks/augmented_input.py`. Batches of 128 noisy pictures, 32x32 in colour, go through RandAugment
and CutMix in the input pipeline; a loop asks for a batch, then does a training step with it. Prints the milliseconds a
step, the share of them that passed while it waited for the batch (median over rounds, and quartiles; goal: under 10 %),
and, since pipeline and network share the processors, the step beside one whose pictures are not changed: rounds of both
take turns.
"""

import statistics
import time

import numpy as np
import tensorflow as tf

from keras_dl import get_config
from keras_dl.augment.image import compose
from keras_dl.augment.mix import compose_mix
from keras_dl.data import Split
from keras_dl.training import Options
from keras_dl.training.objective import compile_model

BATCH, STEPS, ROUNDS = 128, 10, 8
SHAPE, CLASSES = (32, 32, 3), 10


def rounds(split: Split, augment, mix):
    """After each round of `STEPS` steps: the seconds of a step, and the share of them that was waiting."""
    config = get_config("resnet20")
    model = config.build()
    compile_model(model, config, Options(optimizer="momentum", learning_rate=0.01, deterministic=False), STEPS)
    step = tf.function(model.train_step)
    batches = iter(split.stream(BATCH, steps=STEPS * (ROUNDS + 1), seed=0, augment=augment, mix=mix))
    while True:
        waited, began = 0.0, time.perf_counter()
        for _ in range(STEPS):
            asked = time.perf_counter()
            batch = next(batches)
            waited += time.perf_counter() - asked
            step(batch)["loss"].numpy()
        seconds = time.perf_counter() - began
        yield seconds / STEPS, waited / seconds


def main():
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (BATCH * STEPS, *SHAPE), dtype=np.uint8)
    split = Split.of(pictures, generator.integers(0, CLASSES, len(pictures)))
    plain = rounds(split, None, None)
    augmented = rounds(split, compose(("rand_augment",)), compose_mix(("cutmix",), CLASSES))
    pairs = [(next(plain), next(augmented)) for _ in range(ROUNDS + 1)][1:]
    for name, measured in zip(("plain", "augmented"), zip(*pairs, strict=True), strict=True):
        low, share, high = statistics.quantiles((100 * share for _, share in measured), n=4)
        milliseconds = 1e3 * statistics.median(seconds for seconds, _ in measured)
        print(f"{name:10}{milliseconds:8.1f} ms a step, {share:.1f} % waiting (quartiles {low:.1f} to {high:.1f})")
    low, ratio, high = statistics.quantiles((b / a for (a, _), (b, _) in pairs), n=4)
    print(f"ratio augmented / plain {ratio:.3f} (quartiles {low:.3f} to {high:.3f}); goal: under 10 % waiting")


if __name__ == "__main__":
    main()
