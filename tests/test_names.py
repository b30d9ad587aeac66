"""A word is a name or a path by one rule, and a tie is told."""

from pathlib import Path

import pytest

from keras_dl import names

KNOWN = {"digits", "resnet20"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    (tmp_path / "mine").mkdir()
    names.note.cache_clear()


@pytest.mark.parametrize("word", ["./digits", "digits/", "~/digits", "/data/digits", "../digits", ".", Path("digits")])
def test_a_separator_or_a_path_means_a_path(word, capsys):
    assert names.is_path(word)
    assert not names.is_name("data set", word, KNOWN)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("word", "is_name"), [("resnet20", True), ("mine", False), ("nothing", False)])
def test_a_bare_word_is_a_name_where_it_is_known(word, is_name, capsys):
    assert names.is_name("network", word, KNOWN) is is_name
    assert capsys.readouterr().err == ""


def test_a_tie_goes_to_the_name_and_is_told_once(capsys, tmp_path):
    for _ in range(2):
        assert names.is_name("data set", "digits", KNOWN)
    note = "note: 'digits' is taken as the data set of that name; for the folder write ./digits\n"
    assert capsys.readouterr().err == note
    (tmp_path / "resnet20").touch()
    assert names.is_name("network", "resnet20", KNOWN)
    assert "for the file write ./resnet20" in capsys.readouterr().err
