"""Tokens that are hidden from a network.

Devlin, Chang, Lee & Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
NAACL 2019, section 3.1 and appendix A.1: 80 % of those that are to be told become [MASK], 10 % any token, 10 % stay.
"""

from __future__ import annotations

from collections.abc import Sequence

from keras_dl.lazy import tf

MASKED, REPLACED = 0.8, 0.1


def hidden(
    token_ids: tf.Tensor, share: float, special: Sequence[int], mask: int, size: int, key: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """`token_ids` (batch, length) int32 as a network sees them, and which of them it is to tell, float32 0 or 1.

    Of each text a `share` is to be told, one token at least, all with equal chance but for the `special` ids; other
    tokens than the true ones are any below `size`. The stateless seed `key` (2,) decides; without one a text decides by
    itself, so that the same is hidden whenever and in whatever company it is looked at.
    """
    length = token_ids.shape[1]
    if key is not None:
        shape = (tf.shape(token_ids)[0], 3, length)
        noise = tf.random.stateless_uniform(shape, key)
    else:
        weights = tf.range(1, length + 1, dtype="int64")
        sums = tf.reduce_sum(tf.cast(token_ids, "int64") * weights, axis=1)

        def noise_of(number):
            return tf.random.stateless_uniform((3, length), tf.stack([number, 0]))

        noise = tf.map_fn(noise_of, sums, fn_output_signature="float32")
    places, change, other = tf.unstack(noise, axis=1)
    free = tf.reduce_all(token_ids[..., None] != tf.constant(special, "int32"), axis=-1)
    count = tf.reduce_sum(tf.cast(free, "float32"), axis=1, keepdims=True)
    wanted = tf.minimum(count, tf.maximum(1.0, tf.round(share * count)))
    ranks = tf.argsort(tf.argsort(tf.where(free, places, 2.0), axis=1), axis=1)
    told = tf.cast(ranks, "float32") < wanted
    drawn = tf.minimum(tf.cast(other * size, "int32"), size - 1)
    seen = tf.where(change < MASKED, mask, tf.where(change < MASKED + REPLACED, drawn, token_ids))
    return tf.where(told, seen, token_ids), tf.cast(told, "float32")
