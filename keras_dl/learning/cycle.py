"""Two generators that undo each other, and a discriminator of each kind of pictures.

Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017, sections 3 and
4, and the authors' code where the paper is silent.
"""

from __future__ import annotations

from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning.learner import InTurns

ops = keras.ops
KINDS = {"a": "b", "b": "a"}
"""each kind of pictures, and the other one"""


class Pool(keras.layers.Layer):
    """Up to `size` pictures that were made before, some of which a discriminator sees in place of new ones.

    Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial Training", CVPR 2017,
    section 2.3, in the form of CycleGAN: new pictures fill the pool up; then each is, with probability one half,
    exchanged for one of the pool.
    """

    def __init__(self, size: int, shape: tuple[int, ...], seed: int, name: str):
        super().__init__(name=name, dtype="float32", trainable=False)
        self.size, self.seeds = size, keras.random.SeedGenerator(seed)
        settings = {"initializer": "zeros", "trainable": False}
        self.pictures = self.add_weight(name="pictures", shape=(size, *shape), **settings)
        self.filled = self.add_weight(name="filled", shape=(), dtype="int32", **settings)
        self.built = True

    def exchanged(self, new):
        """`new` (batch, *shape), some of them exchanged for pictures of the pool; a batch is no larger than it."""
        count = ops.shape(new)[0]
        numbers = ops.arange(self.size)
        full = self.filled >= self.size
        places = ops.where(full, keras.random.shuffle(numbers, seed=self.seeds), (self.filled + numbers) % self.size)
        places = places[:count]
        lucky = keras.random.uniform((self.size,), seed=self.seeds)[:count] < 0.5
        kept = ops.where(full, lucky, self.filled + numbers[:count] < self.size)[:, None, None, None]
        old = ops.take(self.pictures.value, places, axis=0)
        new = ops.cast(new, "float32")
        self.pictures.assign(ops.scatter_update(self.pictures.value, places[:, None], ops.where(kept, new, old)))
        self.filled.assign(ops.minimum(self.filled + count, self.size))
        return ops.where(ops.logical_and(full, kept), old, new)


class CycleConsistency(InTurns):
    """Trains the two generators of a `network`, then its two discriminators, each pair by an optimizer of its own.

    x are pictures of kind A and kind B in turns. The generators' loss is the sum, over both directions, of
    the squared error of the discriminator's scores from 1, `cycle` times the absolute error of pictures that went there
    and back, and `cycle` times `identity` that of pictures of the kind that a generator makes, which it should leave as
    they are; pixels count from -1 to 1. The discriminators' is half the squared errors from 1 for real pictures and
    from 0 for those that the generators made before their step, or earlier ones out of a `pool`.
    """

    losses_named = ("generator_loss", "discriminator_loss")
    logged = ("adversarial_loss", "cycle_loss", "identity_loss")
    largest_loss = 1000.0
    remedy = "--global-clipnorm 1"

    def __init__(self, network: keras.Model, *, cycle: float, identity: float, pool: int, seed: int):
        super().__init__(network)
        self.cycle, self.identity = cycle, identity
        self.generators = {kind: network.get_layer(f"generator_{other}{kind}") for kind, other in KINDS.items()}
        self.discriminators = {kind: network.get_layer(f"discriminator_{kind}") for kind in KINDS}
        shape = network.output["image_a"].shape[1:]
        self.pools = [Pool(pool, shape, 2 * seed + place, f"pool_{kind}") for place, kind in enumerate(KINDS)]

    def parts(self):
        """Raises `UsageError` where one of them is frozen."""
        models = {"generators": self.generators, "discriminators": self.discriminators}
        found = {
            part: [variable for one in both.values() for variable in one.trainable_variables]
            for part, both in models.items()
        }
        for part, variables in found.items():
            if not variables:
                raise UsageError(f"nothing of the {part} is left to train; freeze other stages")
        return found

    def turns(self, x, y, weights, training):
        real = {kind: ops.cast(x[place::2], "float32") for place, kind in enumerate(KINDS)}
        made, judged, there_and_back, kept, told = {}, [], [], [], []
        for kind, other in KINDS.items():
            made[kind] = ops.cast(self.generators[kind](real[other], training=training), "float32")
            judged.append(self.from_target(kind, made[kind], 1.0, training))
            back = self.generators[other](made[kind], training=training)
            there_and_back.append(distance(back, real[other]))
            if self.identity:
                kept.append(distance(self.generators[kind](real[kind], training=training), real[kind]))
        found = {"adversarial_loss": sum(judged), "cycle_loss": sum(there_and_back), "identity_loss": sum(kept)}
        for name, value in found.items():
            self.log(name, value, self.count(x, y, weights))
        scales = (1.0, self.cycle, self.cycle * self.identity)
        loss = sum(scale * value for scale, value in zip(scales, found.values(), strict=True))
        yield "generators", "generator_loss", loss

        for pool, kind in zip(self.pools, KINDS, strict=True):
            seen = ops.stop_gradient(made[kind])
            seen = pool.exchanged(seen) if training else seen
            told.append(self.from_target(kind, real[kind], 1.0, training))
            told.append(self.from_target(kind, seen, 0.0, training))
        yield "discriminators", "discriminator_loss", 0.5 * sum(told)

    def from_target(self, kind: str, pictures, target: float, training: bool):
        """The mean squared error of the scores of `pictures` from `target`."""
        scores = ops.cast(self.discriminators[kind](pictures, training=training), "float32")
        return ops.mean(ops.square(scores - target))


def distance(first, second):
    """The mean absolute error of two batches of pictures, whose pixels 0..255 count from -1 to 1."""
    return ops.mean(ops.abs(ops.cast(first, "float32") - ops.cast(second, "float32"))) / 127.5
