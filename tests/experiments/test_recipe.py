"""A run folder belongs to one process and to one set of options, which are known by their checksum."""

import dataclasses
import json
import subprocess
import sys
from typing import ClassVar

import filelock
import pytest

from keras_dl import UsageError
from keras_dl.experiments.recipe import RECIPES, Recipe


@dataclasses.dataclass(frozen=True, kw_only=True)
class Walk(Recipe):
    """Go so many steps."""

    prolongs: ClassVar[tuple[str, ...]] = ("steps",)

    steps: int = 3
    pace: float = 1.0

    def run(self):
        (self.folder() / "walked").write_text(str(self.steps))


@pytest.fixture
def begun(tmp_path):
    Walk(out=str(tmp_path)).run()
    return tmp_path


def test_nothing_is_written_where_another_process_is_at_work(begun):
    before = {path.name: path.read_bytes() for path in begun.iterdir()}
    with filelock.FileLock(begun / ".run.lock"):
        for walk in (Walk(out=str(begun), steps=9), Walk(out=str(begun), pace=2.0)):
            with pytest.raises(UsageError, match="another process is at work in"):
                walk.folder()
            with pytest.raises(UsageError, match="another process is at work in"), walk.claimed():
                pass
    assert {path.name: path.read_bytes() for path in begun.iterdir()} == before


def test_a_folder_that_another_process_has_just_claimed_stays_empty(tmp_path):
    with filelock.FileLock(tmp_path / ".run.lock"), pytest.raises(UsageError, match="another process"):
        Walk(out=str(tmp_path)).folder()
    assert not (tmp_path / "config.json").exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_made_for_wrong_options_goes_again(tmp_path, there):
    folder = tmp_path / "run"
    if there:
        folder.mkdir()
    with pytest.raises(UsageError, match="too steep"), Walk(out=str(folder)).claimed():
        raise UsageError("too steep")
    assert folder.exists() is there


def test_a_folder_that_has_something_stays(tmp_path):
    walk = Walk(out=str(tmp_path / "run"))
    with pytest.raises(UsageError, match="too far"), walk.claimed():
        walk.run()
        raise UsageError("too far")
    assert (tmp_path / "run" / "walked").exists()


@pytest.mark.parametrize("position", range(2, 120, 13))
def test_a_flipped_bit_in_the_options_is_noticed(begun, position):
    file = begun / "config.json"
    content = bytearray(file.read_bytes())
    content[position] ^= 1
    file.write_bytes(content)
    with pytest.raises(UsageError) as error:
        Walk(out=str(begun)).folder()
    assert "\n" not in str(error.value)
    assert "config.json" in str(error.value) or "holds a run with" in str(error.value)


def test_a_prolonged_run_keeps_its_folder_and_the_new_option(begun):
    Walk(out=str(begun), steps=8).run()
    assert json.loads((begun / "config.json").read_text())["steps"] == 8
    with pytest.raises(UsageError, match=r"holds a run with pace=1\.0, not 2\.0; choose another folder"):
        Walk(out=str(begun), steps=8, pace=2.0).run()


def test_the_options_of_a_run_without_a_checksum_are_read(begun):
    options = json.loads((begun / "config.json").read_text())
    del options["sha256"]
    (begun / "config.json").write_text(json.dumps(options))
    assert Walk(out=str(begun)).folder() == begun


@pytest.mark.parametrize("name", ["command", "out", "epoch"])
def test_options_that_no_run_has_are_named(tmp_path, name):
    (tmp_path / "config.json").write_text(json.dumps({"recipe": "train", name: "x"}))
    with pytest.raises(UsageError, match=f"unknown option of Train '{name}'"):
        Recipe.from_folder(tmp_path)


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path):
    (tmp_path / "config.json").write_text('{"theme": "dark"}')
    with pytest.raises(UsageError, match=r"config\.json does not hold the options of a run"):
        Walk(out=str(tmp_path)).folder()
    assert (tmp_path / "config.json").read_text() == '{"theme": "dark"}'


def test_a_folder_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    walk = Walk(out="~/walks")
    assert walk.placed().out == str(tmp_path / "walks")
    assert walk.folder() == tmp_path / "walks"


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("", "out must be the path of a folder, got ''"),
        ("a\0b", r"out must be the path of a folder, got 'a\\x00b'"),
        ("~nobody-at-all/walks", "there is no home folder ~nobody-at-all"),
        ("w" * 300, "cannot write in www.*: File name too long"),
    ],
)
def test_a_folder_that_cannot_be(tmp_path, monkeypatch, out, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words):
        Walk(out=out).placed().folder()
    assert list(tmp_path.iterdir()) == []


def test_recipes_are_imported_without_keras():
    names = [file.stem for file in RECIPES.glob("[a-z]*.py")]
    assert len(names) > 35
    program = "import importlib, sys\n" + "\n".join(f"importlib.import_module('keras_dl.recipes.{n}')" for n in names)
    program += "\nprint({'keras', 'tensorflow', 'sklearn', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
