import numpy as np

from keras_dl.training.order import random_order


def test_epochs_follow_each_other():
    order = random_order(10, 7, 4, np.random.default_rng(0))
    assert order.shape == (7, 4)
    flat = order.reshape(-1)
    assert sorted(flat[:10]) == sorted(flat[10:20]) == list(range(10))
    assert len(set(flat[20:])) == 8
    assert not np.array_equal(flat[:10], flat[10:20])
    np.testing.assert_array_equal(order, random_order(10, 7, 4, np.random.default_rng(0)))
    assert np.bincount(random_order(3, 5, 8, np.random.default_rng(1))[0]).max() == 3  # batches larger than the data
