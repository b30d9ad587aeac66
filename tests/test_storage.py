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


def hold_half_written(folder, path):
    """Die while `path` is being written, a file or a folder, and a folder's older one is out of the way."""
    if folder:
        replace = os.replace

        def replace_and_die(source, target):
            replace(source, target)
            if str(target).endswith(".old"):
                os.kill(os.getpid(), 9)

        os.replace = replace_and_die
        with storage.replacing_folder(path) as part:
            storage.write_manifest(part, new=True)
    else:
        with storage.replacing(path):
            os.kill(os.getpid(), 9)


def die_writing(folder, path):
    process = multiprocessing.get_context("fork").Process(target=hold_half_written, args=(folder, path))
    process.start()
    process.join()
    assert process.exitcode == -9


def test_what_a_killed_process_left_is_swept_when_the_name_is_written_again(tmp_path):
    die_writing(False, tmp_path / "a.json")
    assert len(os.listdir(tmp_path)) == 1
    storage.write(tmp_path / "other", "x")
    assert len(os.listdir(tmp_path)) == 2
    storage.write(tmp_path / "a.json", "{}")
    assert sorted(os.listdir(tmp_path)) == ["a.json", "other"]


def test_temporary_files_of_a_living_process_stay(tmp_path):
    with storage.replacing(tmp_path / "a") as first, storage.replacing_folder(tmp_path / "b") as part:
        storage.sweep(tmp_path)
        first.write(b"kept")
        storage.write_manifest(part)
    assert (tmp_path / "a").read_text() == "kept"
    assert (tmp_path / "b" / storage.MANIFEST).is_file()


def test_a_folder_keeps_its_older_content_through_a_kill_while_it_is_replaced(tmp_path):
    folder = tmp_path / "model"
    with storage.replacing_folder(folder) as part:
        storage.write_manifest(part, old=True)
    die_writing(True, folder)
    assert not folder.exists()
    (older,) = storage.left_behind(tmp_path, "model")
    assert storage.read_manifest(older)["old"]
    storage.sweep(tmp_path)
    assert os.listdir(tmp_path) == ["model"]
    with storage.replacing_folder(folder) as part:
        storage.write_manifest(part, newest=True)
    assert storage.read_manifest(folder)["newest"]


def test_an_exception_while_a_folder_is_written_leaves_the_older_one(tmp_path):
    with storage.replacing_folder(tmp_path / "model") as part:
        storage.write_manifest(part, old=True)
    with pytest.raises(KeyboardInterrupt), storage.replacing_folder(tmp_path / "model") as part:
        raise KeyboardInterrupt
    assert storage.read_manifest(tmp_path / "model")["old"]
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("files", [["thesis.tex"], ["manifest.json", "weights.safetensors", "thesis.tex"]])
def test_a_folder_with_files_of_the_user_is_not_replaced(tmp_path, files):
    folder = tmp_path / "model"
    folder.mkdir()
    for name in files:
        (folder / name).write_text("{}")
    if "manifest.json" in files:
        (folder / "thesis.tex").unlink()
        storage.write_manifest(folder)
        (folder / "thesis.tex").write_text("years of work")
    with (
        pytest.raises(UsageError, match=r"holds thesis\.tex, which would be lost"),
        storage.replacing_folder(folder),
    ):
        pass
    assert (folder / "thesis.tex").exists()
    assert os.listdir(tmp_path) == ["model"]


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "model").symlink_to(tmp_path / "disk")
    for _ in range(2):
        with storage.replacing_folder(tmp_path / "model") as part:
            storage.write_manifest(part)
    assert (tmp_path / "model").is_symlink()
    assert os.listdir(tmp_path / "disk") == [storage.MANIFEST]


@pytest.mark.parametrize("bit", range(0, 8 * 110, 37))
def test_a_flipped_bit_in_checked_json_is_found(tmp_path, bit):
    path = storage.write_checked_json(tmp_path / "options.json", {"seed": 1, "epochs": 30, "rate": 0.1})
    assert storage.read_checked_json(path) == {"seed": 1, "epochs": 30, "rate": 0.1}
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is damaged"):
        storage.read_checked_json(path)


def test_a_damaged_line_is_named(tmp_path):
    (tmp_path / "lines.jsonl").write_bytes(b'{"a": 1}\n\xff{\n{"b": 2}\n')
    with pytest.raises(UsageError, match="is damaged in line 2"):
        storage.read_lines(tmp_path / "lines.jsonl")
