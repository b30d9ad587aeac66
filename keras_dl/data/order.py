"""An order of any number of examples that needs no memory: a permutation whose places are computed one by one.

A Feistel network (Luby & Rackoff, "How to construct pseudorandom permutations from pseudorandom functions", SIAM J.
Comput. 17(2), 1988) permutes the numbers of a power of two; what it sends beyond the last example goes through it again
until it falls within (Black & Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002, cycle walking).
"""

from __future__ import annotations

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.lazy import tf

ROUNDS = 6
GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
"""the constants of SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014)"""


def shuffled(positions: np.ndarray, count: int, key: np.ndarray) -> np.ndarray:
    """Which of `count` examples stand at `positions` (n,) in the order that `key` (2,) int64 decides, int64 (n,).

    Raises `UsageError` for positions outside 0 .. `count` - 1: they would have no place to go.
    """
    positions = np.asarray(positions, "int64")
    if positions.size and not 0 <= positions.min() <= positions.max() < count:
        raise UsageError(f"positions must be 0..{count - 1:,}, got {positions.min():,}..{positions.max():,}")
    with np.errstate(over="ignore"):
        keys = _keys(np.asarray(key, "int64").astype("uint64"), np.right_shift, np.uint64)
        found = _permuted(positions.astype("uint64"), count, keys, np.right_shift, np.uint64)
        while (outside := found >= np.uint64(count)).any():
            found[outside] = _permuted(found[outside], count, keys, np.right_shift, np.uint64)
    return found.astype("int64")


def shuffled_tensor(positions: tf.Tensor, count: int, key: tf.Tensor) -> tf.Tensor:
    """The same bits as `shuffled`, as a program of TensorFlow.

    Raises `tf.errors.InvalidArgumentError` for positions outside 0 .. `count` - 1.
    """
    positions = tf.cast(positions, "int64")
    within = [
        tf.debugging.assert_non_negative(positions, "positions must be 0 or more"),
        tf.debugging.assert_less(positions, tf.constant(count, "int64"), f"positions must be below {count:,}"),
    ]
    shift, number, limit = tf.bitwise.right_shift, _constant, tf.constant(count, "uint64")
    with tf.control_dependencies([check for check in within if check is not None]):
        keys = _keys(tf.cast(key, "uint64"), shift, number)
        found = _permuted(tf.cast(positions, "uint64"), count, keys, shift, number)

    def outside(found):
        return tf.reduce_any(found >= limit)

    def again(found):
        return [tf.where(found >= limit, _permuted(found, count, keys, shift, number), found)]

    [found] = tf.while_loop(outside, again, [found])
    return tf.cast(found, "int64")


def _constant(number: int) -> tf.Tensor:
    return tf.constant(number, "uint64")


def _keys(key, shift, number) -> list:
    """A number for each round, of the two of `key`."""
    state = _mixed(key[0] + number(GOLDEN), shift, number) ^ key[1]
    return [_mixed(state + number((step + 1) * GOLDEN % 2**64), shift, number) for step in range(ROUNDS)]


def _permuted(values, count: int, keys, shift, number):
    """`values` below the smallest power of two that is not below `count`, permuted among themselves."""
    bits = max(2, (count - 1).bit_length())
    low = bits // 2
    left, right = shift(values, number(low)), values & number(2**low - 1)
    sizes = (bits - low, low)
    for step, key in enumerate(keys):
        mixed = _mixed(right + key, shift, number)
        left, right = right, left ^ (mixed & number(2 ** sizes[step % 2] - 1))
    return left * number(2**low) + right


def _mixed(values, shift, number):
    """SplitMix64's function of 64 bits: each of them depends on all that come in."""
    values = (values ^ shift(values, number(30))) * number(FIRST)
    values = (values ^ shift(values, number(27))) * number(SECOND)
    return values ^ shift(values, number(31))
