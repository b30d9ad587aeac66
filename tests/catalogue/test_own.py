"""A network of one's own, in one file: listed, described, trained, gone on with, searched, saved and loaded."""

import importlib.metadata
import sys
import textwrap

import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError, catalogue
from keras_dl.catalogue import own
from keras_dl.cli import main

FILE = '''
    """Two dense layers of one's own."""

    import dataclasses

    from keras_dl.architectures.vision import ImageClassifier, pixels
    from keras_dl.config import width
    from keras_dl.lazy import keras


    @dataclasses.dataclass(frozen=True, kw_only=True)
    class MyNet(ImageClassifier):
        input_shape: tuple[int, int, int] = (8, 8, 1)
        classes: int = 10
        units: int = width(16, low=4, high=64)


    def build(config):
        inputs, x = pixels(config)
        x = keras.layers.Flatten(name="flatten")(x)
        x = keras.layers.Dense(config.units, activation="relu", name="stage1_dense")(x)
        return keras.Model(inputs, keras.layers.Dense(config.classes, name="head")(x), name="my_net")
'''
PARAMETERS = 65 * 16 + 17 * 10


def forget():
    for name in [name for name in sys.modules if name.startswith(own.PREFIX)]:
        del sys.modules[name]
    catalogue.entries.cache_clear()


@pytest.fixture(autouse=True)
def _nothing_of_ones_own(monkeypatch, tmp_path):
    monkeypatch.setenv(own.VARIABLE, "")
    monkeypatch.chdir(tmp_path)
    yield
    monkeypatch.undo()
    forget()


@pytest.fixture
def file(tmp_path):
    (tmp_path / "my_nets.py").write_text(textwrap.dedent(FILE))
    return tmp_path / "my_nets.py"


def command(*words):
    with pytest.raises(SystemExit) as end:
        main(words)
    return end.value.code


def test_it_is_one_of_the_catalogue(file):
    assert list(catalogue.add(file)) == ["MyNet"]
    assert "MyNet" in keras_dl.list_models("My*", max_parameters=2000)
    assert keras_dl.describe("MyNet").parameters == catalogue.entries()["MyNet"].parameters == PARAMETERS
    assert keras_dl.build("MyNet", classes=3).output_shape == (None, 3)


def test_it_trains_goes_on_and_is_used(file, capsys):
    assert command("train", f"{file.name}:MyNet", "--data", "digits", "--epochs", "1", "--out", "run") == 0
    capsys.readouterr()
    forget()
    own.os.environ[own.VARIABLE] = ""
    assert command("train", "--resume", "run", "--epochs", "2") == 2
    assert capsys.readouterr().err.endswith("(if it is your own: --networks my_nets.py)\n")
    with pytest.raises(UsageError, match="unknown family 'my_nets'"):
        keras_dl.load("run")
    assert command("train", "--resume", "run", "--epochs", "2", "--networks", "my_nets.py") == 0
    assert keras_dl.load("run").count_params() == PARAMETERS
    assert command("evaluate", "run", "--data", "digits", "--networks=my_nets.py") == 0


@pytest.mark.slow
def test_it_is_searched(file):
    search = ["search", file.name, "--data", "digits", "--max-trials", "2", "--epochs", "1", "--out", "search"]
    assert command(*search) == 0
    assert np.isfinite(keras_dl.load("search/best").get_weights()[0]).all()


def test_an_interrupted_training_says_which_file_it_needs(file, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("keras_dl.training.job.load", interrupt)
    assert command("train", file.name, "--data", "digits", "--out", "run") == 130
    assert capsys.readouterr().err.endswith(f"resume by: keras-dl train --resume run --networks {file}\n")


def test_an_installed_package_is_found_by_itself(file, monkeypatch):
    module = own.give(file)
    forget()
    monkeypatch.setenv(own.VARIABLE, "")
    monkeypatch.setitem(sys.modules, "their_nets", module)
    points = importlib.metadata.EntryPoints([importlib.metadata.EntryPoint("nets", "their_nets", own.GROUPS[0])])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda: points)
    assert catalogue.entries()["MyNet"].module is module


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "declares no network: it needs a subclass of Config and build"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError: No module named"),
        ("def f(:", "cannot be imported: SyntaxError: "),
        (FILE + '\n    VARIANTS = {"resnet20": MyNet()}\n', "resnet20 of .* is of .*resnet_cifar already; rename it"),
    ],
)
def test_a_file_that_is_none(tmp_path, text, words):
    (tmp_path / "theirs.py").write_text(textwrap.dedent(text))
    with pytest.raises(UsageError, match=words) as error:
        catalogue.add(tmp_path / "theirs.py")
    assert "\n" not in str(error.value)
    assert len(keras_dl.list_models()) > 70


def test_what_is_no_file_and_two_of_one_name(file, tmp_path):
    with pytest.raises(UsageError, match=r"are in a Python file, such as my_nets\.py; there is none at nowhere\.py"):
        catalogue.add("nowhere.py")
    catalogue.add(file)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "my_nets.py").write_text(textwrap.dedent(FILE))
    with pytest.raises(UsageError, match="have the same name; rename one of them"):
        catalogue.add(tmp_path / "other" / "my_nets.py")


def test_a_file_of_several_networks_asks_which(file, capsys):
    file.write_text(textwrap.dedent(FILE + '\n    VARIANTS = {"small": MyNet(units=4), "large": MyNet(units=64)}\n'))
    assert command("train", file.name, "--data", "digits") == 2
    assert "declares small, large; choose one by my_nets.py:NAME" in capsys.readouterr().err
