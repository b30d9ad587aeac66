"""The order that needs no memory: a permutation, uniform, the same in any process and in TensorFlow."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_dl import UsageError
from keras_dl.data.order import shuffled, shuffled_tensor

KEY = (3, 4)
BILLION = 10**9


@pytest.mark.parametrize("count", [1, 2, 3, 5, 64, 65, 1000, 100_003])
def test_every_example_stands_in_one_place(count):
    order = shuffled(np.arange(count), count, KEY)
    np.testing.assert_array_equal(np.sort(order), np.arange(count))


def test_each_key_has_an_order_of_its_own():
    orders = {tuple(shuffled(np.arange(50), 50, (seed, epoch))) for seed in range(9) for epoch in range(9)}
    assert len(orders) == 81


@pytest.mark.parametrize("count", [10**6, BILLION])
def test_steps_between_neighbours_are_uniform(count):
    """Pearson's statistic of 64 classes is 63 on average and 11 in deviation; 120 is 5 deviations above."""
    for epoch in range(4):
        steps = np.diff(shuffled(np.arange(10**5), count, (0, epoch))) % count * 64 // count
        counts = np.bincount(steps, minlength=64)
        expected = len(steps) / 64
        assert 25 < ((counts - expected) ** 2 / expected).sum() < 120


def test_any_example_may_be_the_first():
    firsts = [int(shuffled(np.array([0]), 10, (seed, 0))[0]) for seed in range(2000)]
    counts = np.bincount(firsts, minlength=10)
    assert ((counts - 200) ** 2 / 200).sum() < 9 + 5 * np.sqrt(18)


@pytest.mark.parametrize("count", [1, 7, 1000, 2**20, BILLION, 2**40 + 1])
def test_tensorflow_computes_the_same_bits(count):
    positions = np.unique(np.linspace(0, count - 1, 500).astype("int64"))
    program = tf.function(lambda positions, key: shuffled_tensor(positions, count, key))
    for key in [KEY, (-1, 2**62)]:
        found = program(tf.constant(positions), tf.constant(key, "int64"))
        np.testing.assert_array_equal(found, shuffled(positions, count, key))
        assert found.shape == positions.shape


def test_places_that_do_not_exist_are_refused_where_walking_would_never_end():
    for wrong in ([10], [-1], [3, 2**40]):
        with pytest.raises(UsageError, match=rf"positions must be 0\.\.9, got {min(wrong):,}\.\.{max(wrong):,}"):
            shuffled(np.array(wrong), 10, KEY)
        with pytest.raises(tf.errors.InvalidArgumentError, match="positions must be"):
            tf.function(shuffled_tensor)(tf.constant(wrong, "int64"), 10, tf.constant(KEY, "int64"))


def test_it_is_the_same_in_any_process():
    program = (
        "import numpy as np; from keras_dl.data.order import shuffled; print(*shuffled(np.arange(10), 10, (3, 4)))"
    )
    printed = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert [int(number) for number in printed.split()] == shuffled(np.arange(10), 10, KEY).tolist() == EXPECTED


EXPECTED = [0, 4, 7, 5, 3, 9, 2, 1, 6, 8]
"""written down: an order that changed would make every run that goes on go on with other data"""
