"""Changes that mix training examples, and so their labels: mixup and CutMix.

Each takes inputs (batch, ...) float32, soft labels (batch, classes) float32 and a seed (2,) int64, mixes every example
with another of its batch, and returns both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keras_dl.lazy import tf

MIXUP_ALPHA, CUTMIX_ALPHA = 0.2, 1.0


def mixup(inputs: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """w times an example plus 1 - w times another, labels alike, with w from Beta(0.2, 0.2) for each.

    Zhang, Cisse, Dauphin & Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018, equation 1. Their code
    draws one w a batch; one an example is as good.
    """
    order, key = _partners(inputs, seed)
    weight = _beta(tf.shape(inputs)[0], MIXUP_ALPHA, key)
    shaped = tf.reshape(weight, [-1] + [1] * (len(inputs.shape) - 1))
    mixed = shaped * inputs + (1 - shaped) * tf.gather(inputs, order)
    return mixed, weight[:, None] * labels + (1 - weight[:, None]) * tf.gather(labels, order)


def cutmix(pictures: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A rectangle of each picture (batch, height, width, channels) from another; labels by their shares of pixels.

    Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", ICCV 2019,
    section 3: the area is uniform, the centre anywhere, what lies outside is cut off. Keras's CutMix weighs labels by
    the area before it is rounded to pixels.
    """
    order, key = _partners(pictures, seed)
    batch, (height, width) = tf.shape(pictures)[0], pictures.shape[1:3]
    keys = tf.unstack(tf.random.experimental.stateless_split(key, 3))
    side = tf.sqrt(1 - _beta(batch, CUTMIX_ALPHA, keys[0]))
    inside = [
        _between(size, tf.random.stateless_uniform([batch], key) * size, side * size / 2)
        for size, key in zip((height, width), keys[1:], strict=True)
    ]
    box = (inside[0][:, :, None] & inside[1][:, None, :])[..., None]
    mixed = tf.where(box, tf.gather(pictures, order), pictures)
    share = tf.reduce_mean(tf.cast(box, "float32"), axis=(1, 2))
    return mixed, (1 - share) * labels + share * tf.gather(labels, order)


MIXES = {"mixup": mixup, "cutmix": cutmix}


def compose_mix(
    names: Sequence[str], classes: int
) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]] | None:
    """The `MIXES` called `names`, one after the other, from labels (batch,) of so many `classes`; None if none.

    The result takes (inputs, labels, seed) and returns (inputs, soft labels (batch, classes) float32).
    """
    if not names:
        return None

    def change(inputs, labels, seed):
        labels = tf.one_hot(labels, classes)
        for number, name in enumerate(names):
            inputs, labels = MIXES[name](inputs, labels, tf.random.experimental.stateless_fold_in(seed, number))
        return inputs, labels

    return change


def _partners(inputs: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """With whom each example is mixed (batch,), and a seed for the rest."""
    keys = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    return tf.random.experimental.stateless_shuffle(tf.range(tf.shape(inputs)[0]), keys[0]), keys[1]


def _beta(count: tf.Tensor, alpha: float, seed: tf.Tensor) -> tf.Tensor:
    """(`count`,) numbers from Beta(`alpha`, `alpha`)."""
    gammas = tf.random.stateless_gamma([2, count], seed, alpha, dtype="float64")
    return tf.cast(gammas[0] / tf.reduce_sum(gammas, axis=0), "float32")


def _between(size: int, middle: tf.Tensor, half: tf.Tensor) -> tf.Tensor:
    """Which of `size` pixels (batch, `size`) have their centre within `half` of `middle` (batch,)."""
    return tf.abs(tf.range(size, dtype="float32") + 0.5 - middle[:, None]) < half[:, None]
