"""Where the data of a recipe come from: found, and made absolute, before a run folder is made."""

import os

import pytest
from data_on_disk import fill

from keras_dl import UsageError
from keras_dl.recipes.train import Train


def test_folders_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "photos")
    placed = Train(data="photos/", out="run").placed()
    assert (placed.data, placed.out) == (str(tmp_path / "photos"), "run")


@pytest.mark.parametrize("out", [None, ".", "cat/run", "../link/run"])
def test_a_run_within_the_data_would_be_a_class(tmp_path, monkeypatch, out):
    fill(tmp_path / "photos")
    os.symlink("photos", tmp_path / "link")
    monkeypatch.chdir(tmp_path / "photos")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=r"lies in the data folder \., where it would be a class; set `out`"):
        Train(data=".", out=out).placed()
    assert sorted(tmp_path.rglob("*")) == before
