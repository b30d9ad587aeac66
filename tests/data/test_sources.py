"""Where examples are stored: any of them by its number, and damage that is seen."""

import os
import threading
import zlib

import numpy as np
import pytest
import tensorflow as tf
from data_on_disk import fill, picture

from keras_dl import UsageError
from keras_dl.data.pictures import decode_picture, look_at_pictures, read_pictures
from keras_dl.data.sources import Array, Chosen, Decoded, Files, Ragged, Records, Windows, indexed, joined

LENGTHS = [3, 0, 5, 1, 4, 2, 0, 6]
CONTENTS = [bytes([number]) * (10 + number % 7) for number in range(60)]


@pytest.fixture
def records(tmp_path):
    """Two files with 40 and 20 records."""
    paths = [tmp_path / "a.tfrecord", tmp_path / "b.tfrecord"]
    for path, contents in zip(paths, (CONTENTS[:40], CONTENTS[40:]), strict=True):
        with tf.io.TFRecordWriter(str(path)) as writer:
            for content in contents:
                writer.write(content)
    return paths


def of(paths):
    return Records(indexed(paths)[0])


def twice(contents):
    return Decoded(contents, lambda content: tf.strings.length(content) * [1, 2], shape=(2,), dtype="int32")


@pytest.fixture
def folder(tmp_path):
    return sorted(fill(tmp_path / "pictures", count=20, size=(33, 21)).glob("*/*"))


def files(paths, channels=3):
    checksums = np.array([zlib.crc32(path.read_bytes()) for path in paths], "uint32")
    return Files(paths, checksums, decode_picture, shape=(16, 16, channels), dtype="uint8")


def every_source(tmp_path, records, folder):
    numbers = np.arange(200, dtype="uint16")
    np.save(tmp_path / "numbers.npy", numbers)
    stored = np.load(tmp_path / "numbers.npy", mmap_mode="r")
    return [
        Array(np.random.default_rng(0).normal(size=(30, 2)).astype("float32")),
        Array(np.array(["ä", "", "long text"] * 10, object)),
        Ragged.of([np.arange(length) for length in LENGTHS * 4]),
        Ragged(stored, np.array([0, 50, 50, 200, *[200] * 30])),
        Windows(stored, 7, stride=3),
        of(records),
        twice(of(records)),
        twice(of(records)).chosen(np.arange(40)[::-1]),
        files(folder),
        Chosen(of(records), np.arange(50)[::-1]),
        joined([files(folder), Array(np.zeros((11, 9, 12, 3), "uint8"))]),
    ]


def test_every_source_keeps_the_contract(tmp_path, records, folder):
    indices = np.array([5, 0, 17, 5, 29])
    for source in every_source(tmp_path, records, folder):
        everything, found = source.values, source.take(indices)
        assert everything.shape == (len(source), *source.shape) and everything.dtype == source.dtype
        assert found.shape == (5, *source.shape) and found.dtype == source.dtype
        np.testing.assert_array_equal(found, everything[indices])
        assert source.take(np.array([], "int64")).shape == (0, *source.shape)
        assert source.fingerprint() == source.fingerprint()
        with pytest.raises((IndexError, UsageError)):
            source.take(np.array([len(source)]))
        together = [None] * 8

        def work(place, source=source, together=together):
            together[place] = source.take(indices)

        workers = [threading.Thread(target=work, args=(place,)) for place in range(8)]
        [worker.start() for worker in workers], [worker.join() for worker in workers]
        for one in together:
            np.testing.assert_array_equal(one, found)


def test_fingerprints_tell_sources_apart(tmp_path, records, folder):
    first = [source.fingerprint() for source in every_source(tmp_path, records, folder)]
    assert len({*first}) == len(first) and all(len(text) == 64 for text in first)
    numbers = np.arange(200)
    windows = [Windows(numbers, 7), Windows(numbers, 8), Windows(numbers, 8, stride=2)]
    assert len({source.fingerprint() for source in windows}) == 3
    one, two = ([np.arange(3), np.arange(2)], [np.arange(2), np.arange(3)])
    assert Ragged.of(one).fingerprint() != Ragged.of(two).fingerprint()
    assert Ragged.of(one).fingerprint() != Ragged.of(one, fill=-1).fingerprint()


def test_ragged_examples_are_padded_or_cut():
    examples = [np.arange(length)[:, None] + 1.5 for length in LENGTHS]
    source = Ragged.of(examples, fill=-1)
    assert source.shape == (6, 1) and len(source) == len(LENGTHS)
    for length, example in zip(LENGTHS, source.values, strict=True):
        np.testing.assert_array_equal(example[:length, 0], np.arange(length) + 1.5)
        assert (example[length:] == -1).all()
    short = Ragged.of(examples, most=2, fill=-1).take(np.array([2, 3]))
    np.testing.assert_array_equal(short[..., 0], [[1.5, 2.5], [1.5, -1]])
    assert Ragged.of([np.zeros(0)]).values.shape == (1, 1)


def test_joined_examples_have_one_shape_and_stay_what_they_are(folder):
    small, large = Array(np.full((3, 4, 4, 1), 7, "uint8")), files(folder)
    both = joined([small, large], large.shape)
    assert len(both) == 3 + len(large) and both.dtype == "float32"
    np.testing.assert_array_equal(
        both.take(np.array([22, 2, 3])), [large.values[19], 0 * large.values[0] + 7, large.values[0]]
    )
    assert both.fingerprint() != joined([large, small], large.shape).fingerprint()
    alike = joined([small, small.chosen(np.array([1]))])
    assert isinstance(alike, Array) and alike.dtype == "uint8" and len(alike) == 4


@pytest.mark.parametrize("offsets", [[0, 4], [1, 3], [0, 3, 2, 3], [], [0.0, 3.0], [[0, 3]]])
def test_offsets_of_something_else_are_refused(offsets):
    with pytest.raises(UsageError, match="offsets must"):
        Ragged(np.arange(3), np.array(offsets))


def test_windows_overlap_and_are_whole():
    source = Windows(np.arange(20, dtype="uint8"), 5, stride=3)
    assert len(source) == 6 and source.dtype == np.int32
    np.testing.assert_array_equal(source.values, [np.arange(start, start + 5) for start in range(0, 16, 3)])
    assert len(Windows(np.arange(5), 5)) == 1
    with pytest.raises(UsageError, match="windows of 6 items are wanted, there are 5 in all"):
        Windows(np.arange(5), 6)


def test_records_are_those_that_tensorflow_reads(records):
    source = of(records)
    assert source.values.tolist() == CONTENTS
    lengths = [*map(len, CONTENTS)]
    np.testing.assert_array_equal(twice(source).values, np.stack([lengths, np.multiply(lengths, 2)], axis=1))


def test_whoever_makes_an_index_may_look_at_the_records(records):
    _, parsed = indexed(records, lambda content: {"bytes": tf.strings.length(content), "whole": content})
    assert [found["whole"] for found in parsed] == CONTENTS
    assert [found["bytes"] for found in parsed] == [*map(len, CONTENTS)]


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("place", [3, 9, 15, -1])
def test_damaged_records_are_seen_when_the_index_is_made(records, place):
    flip(records[1], place)
    with pytest.raises(UsageError, match=rf"{records[1]} is damaged behind byte \d+"):
        of(records)


def test_records_that_are_cut_short_are_seen(records):
    source = of(records)
    os.truncate(records[1], records[1].stat().st_size - 6)
    with pytest.raises(UsageError, match=rf"{records[1]} has changed .*record 59 of 13 bytes at \d+ is cut short"):
        source.take(np.array([59]))
    with pytest.raises(UsageError, match="is damaged"):
        of(records)


def test_records_that_change_while_they_are_read_are_seen(records):
    source = of(records)
    flip(records[0], 15)
    with pytest.raises(UsageError, match=r"has changed since it was first read: record 0 of 10 bytes at 12 is another"):
        source.take(np.array([3, 0]))
    records[1].unlink()
    with pytest.raises(UsageError, match="b.tfrecord cannot be read: No such file"):
        source.take(np.array([50]))


def test_compressed_records_are_refused(tmp_path):
    path = tmp_path / "c.tfrecord"
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        writer.write(b"abc")
    with pytest.raises(UsageError, match="damaged"):
        indexed([path])


def test_files_hold_the_pixels_that_read_pictures_finds(folder):
    pixels, found = read_pictures(folder, 16, 16)
    np.testing.assert_array_equal(files(folder).values, pixels)
    np.testing.assert_array_equal(files(folder, channels=1).values, pixels[..., :1])
    looked = look_at_pictures(folder, 16, 16)
    assert [picture for picture, _, _ in looked] == found
    assert not any(gray for _, gray, _ in looked)
    assert [checksum for _, _, checksum in looked] == [zlib.crc32(path.read_bytes()) for path in folder]


def test_what_is_wrong_with_files_is_found_by_looking(folder):
    folder[0].write_bytes(b"")
    folder[1].unlink()
    picture(mode="L").save(folder[2])
    empty, gone, gray = look_at_pictures(folder, 16, 16)[:3]
    assert empty[0].bad == "the file is empty" and "No such file" in gone[0].bad
    assert gray[1] and not gray[0].bad


def test_files_that_change_while_they_are_read_are_seen(folder):
    source = files(folder)
    picture(7).save(folder[3])
    folder[4].unlink()
    with pytest.raises(UsageError, match=rf"{folder[3]} has changed since it was first read"):
        source.take(np.arange(4))
    with pytest.raises(UsageError, match=rf"{folder[4]} cannot be read: No such file"):
        source.take(np.array([4]))
