"""Writing that survives a crash, and hashes that notice damage."""

import json
import multiprocessing
import os
import time

import pytest

from keras_dl import UsageError, storage


def rewrite_for_ever(path):
    number = 0
    while True:
        number += 1
        storage.write_json(path, {"number": number, "filling": "x" * 200_000})


def test_a_file_is_never_seen_half_written(tmp_path):
    path = tmp_path / "state.json"
    context = multiprocessing.get_context("fork")
    for kill in range(20):
        process = context.Process(target=rewrite_for_ever, args=(path,))
        process.start()
        while kill == 0 and not path.exists():
            time.sleep(0.001)
        time.sleep(0.02 + 0.001 * kill)
        process.kill()
        process.join()
        assert len(json.loads(path.read_text())["filling"]) == 200_000
    storage.sweep(tmp_path)
    assert os.listdir(tmp_path) == ["state.json"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = storage.write(tmp_path / "a.txt", "old")

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        storage.write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_lines_leave_out_the_one_cut_off_by_a_crash(tmp_path):
    path = tmp_path / "lines.jsonl"
    assert storage.read_lines(path) == []
    storage.append_line(path, {"a": 1})
    storage.append_line(path, {"b": 2})
    with open(path, "a") as file:
        file.write('{"c"')
    assert storage.read_lines(path) == [{"a": 1}, {"b": 2}]
    storage.append_line(path, {"d": 4})
    assert storage.read_lines(path) == [{"a": 1}, {"b": 2}, {"d": 4}]


@pytest.mark.parametrize("bit", range(0, 8000, 400))
def test_a_flipped_bit_is_found(tmp_path, bit):
    storage.write(tmp_path / "weights", bytes(1000))
    storage.write_manifest(tmp_path)
    content = bytearray(1000)
    content[bit // 8] ^= 1 << bit % 8
    (tmp_path / "weights").write_bytes(content)
    with pytest.raises(UsageError, match="weights is damaged"):
        storage.read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (None, "is not complete"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"files": {"../other": {}}}', "lacks the file '../other'"),
        ('{"files": {"gone": {}}}', "lacks the file 'gone'"),
    ],
)
def test_a_bad_manifest_is_one_line(tmp_path, manifest, words):
    (tmp_path.parent / "other").write_text("x")
    if manifest is not None:
        (tmp_path / storage.MANIFEST).write_text(manifest)
    with pytest.raises(UsageError) as error:
        storage.read_manifest(tmp_path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
