"""The order of the examples: a function of the seed and the epoch, wherever an iteration starts."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from keras_dl.data import Split

COUNT, BATCH = 23, 4
STEPS = 6


@pytest.fixture
def split():
    return Split.of(np.arange(COUNT, dtype=np.float32)[:, None], np.arange(COUNT))


@pytest.fixture
def where():
    return {"epoch": tf.Variable(0, dtype="int64"), "first_step": tf.Variable(0, dtype="int64")}


def labels(batches):
    return [y.numpy().tolist() for _, y in batches]


def flat(batches):
    return list(itertools.chain(*batches))


def test_each_epoch_has_every_example_once_in_an_order_of_its_own(split, where):
    batches = split.shuffled(BATCH, seed=1, **where)
    first, again = labels(batches), labels(batches)
    where["epoch"].assign(1)
    second = labels(batches)
    assert first == again
    assert first != second
    assert [len(batch) for batch in first] == [4, 4, 4, 4, 4, 3]
    assert sorted(flat(first)) == sorted(flat(second)) == list(range(COUNT))


def test_the_seed_decides_and_nothing_else(split, where):
    other = {name: tf.Variable(0, dtype="int64") for name in where}
    tf.random.set_seed(5)
    first = labels(split.shuffled(BATCH, seed=1, **where))
    tf.random.set_seed(6)
    assert labels(split.shuffled(BATCH, seed=1, **other)) == first
    assert labels(split.shuffled(BATCH, seed=2, **other)) != first


@pytest.mark.parametrize("first_step", [0, 1, 5, STEPS])
def test_an_epoch_can_start_in_its_middle(split, where, first_step):
    batches = split.shuffled(BATCH, seed=1, **where)
    whole = labels(batches)
    where["first_step"].assign(first_step)
    assert labels(batches) == whole[first_step:]


def test_inputs_stay_with_their_labels(split, where):
    for x, y in split.shuffled(BATCH, seed=3, **where):
        np.testing.assert_array_equal(x[:, 0], y)


def test_augmentation_depends_on_the_step_and_not_on_where_the_iteration_started(split, where):
    def noise(x, key):
        assert key.shape == (2,)
        return x + tf.random.stateless_uniform(tf.shape(x), key)

    batches = split.shuffled(BATCH, seed=1, augment=noise, **where)
    whole = [x.numpy() for x, _ in batches]
    noises = [x.numpy() - y.numpy()[:, None] for x, y in batches]
    assert len({noise[0, 0] for noise in noises}) == STEPS
    where["first_step"].assign(3)
    for x, expected in zip(batches, whole[3:], strict=True):
        np.testing.assert_array_equal(x[0], expected)
    where["first_step"].assign(0)
    where["epoch"].assign(1)
    assert next(iter(batches))[0].numpy()[0, 0] % 1 != noises[0][0, 0]


def test_labels_are_mixed_after_the_inputs_have_changed(split, where):
    def mix(x, y, key):
        return x + 1, tf.one_hot(y, COUNT) * tf.random.stateless_uniform([], key)

    def augment(x, key):
        return x * 0 + tf.random.stateless_uniform([], key)

    for batches in (
        split.shuffled(BATCH, seed=1, augment=augment, mix=mix, **where),
        split.stream(BATCH, steps=STEPS, seed=1, augment=augment, mix=mix),
    ):
        for x, y in batches:
            assert y.shape[1:] == (COUNT,)
            assert 1 < x[0, 0] < 2 and tf.reduce_max(y[0]) + 1 != x[0, 0]


def test_a_stream_draws_anew_at_each_step(split):
    def augment(x, key):
        return tf.random.stateless_uniform(tf.shape(x), key)

    first, again = ([x.numpy() for x, _ in split.stream(BATCH, steps=9, seed=1, augment=augment)] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len({x[0, 0] for x in first}) == 9
    plain, changed = split.stream(BATCH, steps=9, seed=1), split.stream(BATCH, steps=9, seed=1, augment=augment)
    assert labels(plain) == labels(changed)


def test_one_fit_over_many_epochs_sees_a_new_order_in_each(split, where):
    import keras

    seen = []

    class Epochs(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            where["epoch"].assign(epoch)
            seen.append([])

    class Recorder(keras.Model):
        def train_step(self, batch):
            seen[-1].append(batch[1].numpy().tolist())
            return {"loss": 0.0}

    model = Recorder()
    model.compile(run_eagerly=True)
    batches = split.shuffled(BATCH, seed=1, **where).apply(tf.data.experimental.assert_cardinality(STEPS))
    model.fit(batches, epochs=3, callbacks=[Epochs()], shuffle=False, verbose=0)
    expected = []
    for epoch in range(3):
        where["epoch"].assign(epoch)
        expected.append(labels(batches))
    assert seen == expected
    assert len({str(order) for order in seen}) == 3


def test_a_stream_has_full_batches_from_one_epoch_after_another(split):
    batches = split.stream(BATCH, steps=12, seed=1)
    drawn = labels(batches)
    assert batches.cardinality() == 12
    assert [len(batch) for batch in drawn] == [BATCH] * 12
    assert sorted(flat(drawn)[:COUNT]) == sorted(flat(drawn)[COUNT : 2 * COUNT]) == list(range(COUNT))
    assert flat(drawn)[:COUNT] != flat(drawn)[COUNT : 2 * COUNT]
    assert labels(split.stream(BATCH, steps=12, seed=1)) == drawn != labels(split.stream(BATCH, steps=12, seed=2))


def test_batches_for_evaluation_keep_the_order(split):
    assert flat(labels(split.batches(BATCH))) == list(range(COUNT))
    assert split.batches(BATCH).cardinality() == STEPS
    x, y = next(iter(split.batches(BATCH)))
    assert (x.dtype, y.dtype) == (tf.float32, tf.int64)


def test_take_keeps_the_order_that_is_asked_for(split):
    assert split.take([5, 2, 9]).labels.tolist() == [5, 2, 9]
    np.testing.assert_array_equal(split.take([5, 2, 9]).inputs(), [[5], [2], [9]])
