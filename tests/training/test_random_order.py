import numpy as np

from keras_dl.training.order import batches_of, random_order


def test_epochs_follow_each_other():
    order = random_order(10, 7, 4, np.random.default_rng(0))
    assert order.shape == (7, 4)
    flat = order.reshape(-1)
    assert sorted(flat[:10]) == sorted(flat[10:20]) == list(range(10))
    assert len(set(flat[20:])) == 8
    assert not np.array_equal(flat[:10], flat[10:20])
    np.testing.assert_array_equal(order, random_order(10, 7, 4, np.random.default_rng(0)))
    assert np.bincount(random_order(3, 5, 8, np.random.default_rng(1))[0]).max() == 3  # batches larger than the data


def test_batches_in_an_order():
    x, y, order = np.arange(20).reshape(10, 2), np.arange(10), np.array([[3, 1], [0, 3]])
    first, second = batches_of(order, x, y).as_numpy_iterator()
    np.testing.assert_equal(first, (np.array([[6, 7], [2, 3]]), np.array([3, 1])))
    np.testing.assert_equal(second[1], [0, 3])
