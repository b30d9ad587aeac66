"""Examples that TensorFlow has as constants, and such that are taken from a source: the same batches."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_dl import UsageError
from keras_dl.accelerate.batches import refilled, weighted
from keras_dl.data import Split, reading, source
from keras_dl.data.raised import raised
from keras_dl.data.source import Array, Source, blocks
from keras_dl.data.sources import Ragged

COUNT, BATCH = 23, 4


class Failing(Source):
    """Numbers of which one cannot be read."""

    shape, dtype = (1,), np.dtype("float32")

    def __init__(self, error):
        self.error = error

    def __len__(self):
        return COUNT

    def take(self, indices):
        if 13 in indices:
            raise self.error
        return np.asarray(indices, "float32")[:, None]

    def fingerprint(self):
        return "0" * 64


@pytest.fixture
def where():
    return {"epoch": tf.Variable(0, dtype="int64"), "first_step": tf.Variable(0, dtype="int64")}


def columns():
    numbers = np.arange(COUNT)
    return {
        "image": np.random.default_rng(0).integers(0, 256, (COUNT, 6, 5, 3), dtype="uint8"),
        "label": numbers % 3,
        "number": numbers / np.float32(7),
        "text": np.array([f"schön {number}" for number in numbers], object),
        "tokens": Ragged.of([np.arange(number % 5, dtype="int32") for number in numbers]).values,
    }


def arranged(batch, _):
    return batch, batch["label"]


def listed(batches):
    return [{name: column.numpy() for name, column in x.items()} for x, _ in batches]


def test_both_ways_give_the_same_batches(monkeypatch, where):
    small = Split(columns())
    large = Split(columns())
    monkeypatch.setattr(reading, "SMALL", 0)
    for batches in (
        lambda split: split.batches(BATCH, arranged),
        lambda split: split.shuffled(BATCH, seed=1, **where, arrange=arranged),
        lambda split: split.stream(BATCH, steps=9, seed=1, arrange=arranged),
    ):
        monkeypatch.undo()
        expected = batches(small)
        monkeypatch.setattr(reading, "SMALL", 0)
        found = batches(large)
        assert found.element_spec == expected.element_spec and found.cardinality() == expected.cardinality()
        for one, other in zip(listed(found), listed(expected), strict=True):
            for name in one:
                np.testing.assert_array_equal(one[name], other[name])


def test_no_thread_of_tuning_watches_them(where):
    split = Split(columns())
    batches = (split.batches(2), split.shuffled(2, seed=1, **where), split.stream(2, steps=3, seed=1))
    for one in (*batches, refilled(split.batches(2), 2), weighted(split, 2)):
        assert one.options().autotune.enabled is False


def test_an_epoch_of_what_is_not_small_can_start_in_its_middle(monkeypatch, where):
    monkeypatch.setattr(reading, "SMALL", 0)
    batches = Split(columns()).shuffled(BATCH, seed=1, **where, arrange=arranged)
    whole = [batch["label"].tolist() for batch in listed(batches)]
    where["first_step"].assign(4)
    assert [batch["label"].tolist() for batch in listed(batches)] == whole[4:]


def test_the_order_of_very_many_examples_is_one_of_all_of_them(monkeypatch, where):
    monkeypatch.setattr(reading, "LONG", COUNT - 1)
    monkeypatch.setattr(reading, "AT_ONCE", 3)
    split = Split.of(np.arange(COUNT, dtype="float32")[:, None], np.arange(COUNT))
    batches = split.shuffled(BATCH, seed=1, **where)
    whole = [y.numpy().tolist() for _, y in batches]
    drawn = [*itertools.chain(*whole)]
    assert sorted(drawn) == [*range(COUNT)] != drawn
    where["first_step"].assign(2)
    assert [y.numpy().tolist() for _, y in batches] == whole[2:]
    where["epoch"].assign(1)
    assert [y.numpy().tolist() for _, y in batches] != whole[2:]
    drawn = [*itertools.chain(*(y.numpy().tolist() for _, y in split.stream(BATCH, steps=11, seed=1)))]
    assert sorted(drawn[:COUNT]) == [*range(COUNT)]


def test_examples_that_are_chosen_are_copied_only_where_they_are_small(monkeypatch):
    values = np.arange(60, dtype="uint8").reshape(20, 3)
    indices = np.array([3, 19, 0, 3])
    copied = Array(values).chosen(indices)
    monkeypatch.setattr(source, "SMALL", 0)
    shared = Array(values).chosen(indices)
    assert isinstance(copied, Array) and not isinstance(shared, Array)
    assert shared.fingerprint() == copied.fingerprint()
    monkeypatch.setattr(source, "AT_ONCE", 7)
    assert [len(block) for block in blocks(shared)] == [2, 2]
    assert shared.fingerprint() == copied.fingerprint()
    again = np.array([1, 1, 2])
    np.testing.assert_array_equal(shared.chosen(again).values, values[indices[again]])
    np.testing.assert_array_equal(shared.values, copied.values)
    texts = Array(np.array(["a", "b", "c"], object))
    assert texts.chosen(np.array([2, 1])).fingerprint() == Array(np.array(["c", "b"], object)).fingerprint()


def test_values_of_what_is_not_copied_are_checked(monkeypatch):
    from keras_dl.data import Data, Spec

    monkeypatch.setattr(source, "SMALL", 0)
    good = Split.of(np.full((30, 2, 2, 1), 9.0), np.arange(30) % 2)
    bad = Split.of(np.linspace(0, 300, 120).reshape(30, 2, 2, 1), np.arange(30) % 2).take([*range(29, 5, -1)])
    spec = Spec.labelled(name="rows", kind="image", shape=(2, 2, 1), classes=2)
    with pytest.raises(UsageError, match=r"image must have values 0\.\.255; those of the validation split"):
        Data(spec=spec, train=good, validation=bad, test=good)
    with pytest.raises(UsageError, match="multiply them by 255"):
        dim = Split.of(np.full((30, 2, 2, 1), 0.5), np.arange(30) % 2).take([*range(20)])
        Data(spec=spec, train=dim, validation=good, test=good)


@pytest.mark.parametrize("error", [UsageError("file 13 has changed"), ValueError("of any kind"), MemoryError("full")])
def test_what_a_source_raises_comes_out_as_it_was(where, error):
    import keras

    split = Split({"features": Failing(error), "label": np.zeros(COUNT, "int64")})
    seen = []
    with pytest.raises(type(error), match=str(error)), raised():
        for _, y in split.batches(BATCH):
            seen.append(len(y))
    assert seen == [4, 4, 4]
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(loss="mse")
    with pytest.raises(type(error), match=str(error)), raised():
        model.fit(split.shuffled(BATCH, seed=1, **where), verbose=0)
    with pytest.raises(type(error), match=str(error)):
        split.inputs()


def test_what_is_not_ours_is_left_alone():
    with pytest.raises(tf.errors.InvalidArgumentError), raised():
        tf.gather(tf.constant([1]), [3])


def test_a_program_may_end_in_the_middle_of_an_epoch():
    program = (
        "import numpy as np; from keras_dl.data import Split, reading; reading.SMALL = 0;"
        "split = Split.of(np.zeros((4000, 9)), np.zeros(4000, int)); found = iter(split.batches(4)); next(found)"
    )
    for attempt in range(3):  # TensorFlow 2.21 itself stalls in the teardown of an iterator, in one run of many
        try:
            subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
        except subprocess.TimeoutExpired:
            assert attempt < 2
        else:
            break
