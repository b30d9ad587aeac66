"""A task of one's own, in one file: trained, stopped, gone on with, saved, used and loaded again."""

import json
import re
import signal
import sys
import textwrap
from multiprocessing import forkserver

import pytest
from PIL import Image

import keras_dl
from keras_dl import UsageError, catalogue
from keras_dl.catalogue import own
from keras_dl.cli import main
from keras_dl.data import load
from keras_dl.search.server import start_server
from keras_dl.tasks import get_task, names

FILE = '''
    """Which half of the classes a picture is of, with a loss that grows over the epochs."""

    import dataclasses

    import keras
    import tensorflow as tf

    from keras_dl.fields import Positive
    from keras_dl.learning.learner import Learner
    from keras_dl.learning.objective import Objective
    from keras_dl.learning.task import Task


    class Halves(Learner):
        losses_named = ("half",)
        logged = ("right",)

        def __init__(self, network, growth):
            super().__init__(network)
            self.growth = growth
            self.factor = self.add_weight(shape=(), initializer="ones", trainable=False, name="factor")

        def begin_epoch(self, epoch, seed):
            self.factor.assign(1 + self.growth * epoch)

        def named_losses(self, x, y, outputs, weights, training):
            loss = keras.ops.binary_crossentropy(y, outputs[:, 0], from_logits=True)
            return {"half": self.factor * keras.ops.mean(loss)}

        def measures(self, x, y, outputs, weights):
            return {"right": keras.ops.mean(keras.ops.cast((outputs[:, 0] > 0) == (y > 0.5), "float32"))}


    @dataclasses.dataclass(frozen=True, kw_only=True)
    class UpperHalf(Task):
        """Tell whether the class of a picture is one of the last five."""

        objective = Objective("right", "max", worst=0.0)
        wants = (("image",), ("class",))
        growth: Positive = 0.5

        def inputs(self, batch):
            return {"image": batch["image"]}

        def prepare(self, batch, key):
            return self.inputs(batch), tf.cast(batch["label"] >= 5, "float32")

        def learner(self, network, config, options):
            return Halves(network, self.growth)

        def answers(self, network, config, inputs, spec):
            return [{"upper": bool(row[0] > 0)} for row in self.outputs(network, inputs)]
'''


@pytest.fixture(autouse=True)
def _nothing_of_ones_own(monkeypatch, tmp_path):
    monkeypatch.setenv(own.VARIABLE, "")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "upper_half.py").write_text(textwrap.dedent(FILE))
    yield
    monkeypatch.undo()
    forget()


def forget():
    for name in [name for name in sys.modules if name.startswith(own.PREFIX)]:
        del sys.modules[name]
    catalogue.entries.cache_clear()


def command(*words):
    with pytest.raises(SystemExit) as end:
        main(words)
    return end.value.code


def test_one_file_is_a_new_task(capsys, monkeypatch, tmp_path):
    words = ("train", "mlp", "--task", "upper_half.py", "--task.growth", "0.25", "--data", "digits", "--out", "run")
    assert command(*words, "--epochs", "3") == 0
    forget()
    monkeypatch.setenv(own.VARIABLE, "")
    assert command("evaluate", "run", "--data", "digits") == 2
    assert "unknown task 'upper_half'" in capsys.readouterr().err
    assert command("evaluate", "run", "--data", "digits", "--networks", "upper_half.py") == 0
    assert "right 0.9" in capsys.readouterr().out
    assert keras_dl.saved_model.read_contract("run")["task"] == get_task("upper_half", growth=0.25)
    pictures, labels = load("digits").test.stored, load("digits").test.labels
    for digit in (0, 9):
        Image.fromarray(pictures[labels == digit][0, ..., 0].astype("uint8")).save(f"{digit}.png")
    assert command("predict", "run", "0.png", "9.png", "--json", "--networks", "upper_half.py") == 0
    assert [row["upper"] for row in json.loads(capsys.readouterr().out)] == [False, True]
    assert command("export", "run", "--format", "onnx", "--networks", "upper_half.py", "--out", "exported") == 0
    assert (tmp_path / "exported" / "model.onnx").stat().st_size


def test_it_is_searched_by_children_of_a_server_that_began_before(capsys, monkeypatch):
    with monkeypatch.context() as before:
        before.setenv(own.VARIABLE, "")
        forkserver._forkserver._stop()
        start_server()
    words = ("search", "mlp", "--task", "upper_half.py", "--data", "digits", "--max-trials", "1", "--epochs", "1")
    assert command(*words, "--out", "searched") == 0
    told = capsys.readouterr().out
    assert re.search(r"best is trial 0 .*: right \d\d\.\d\d % on the validation split", told)
    assert "train it further by: keras-dl train searched/best --data digits --networks" in told


def test_it_goes_on_after_a_signal(capsys, monkeypatch):
    from keras_dl.training import loop

    words = ("train", "mlp", "--task", "upper_half.py", "--data", "digits", "--epochs", "3", "--out")
    assert command(*words, "whole") == 0
    whole = keras_dl.load("whole").get_weights()
    begin, left = loop.Epochs.begin, [2]

    def stop(self, epoch, step=0):
        left[0] -= 1
        if left[0] == -1:
            signal.raise_signal(signal.SIGTERM)
        return begin(self, epoch, step)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Epochs, "begin", stop)
        assert command(*words, "part") == 143
    assert command("train", "--resume", "part", "--networks", "upper_half.py") == 0
    assert all((one == other).all() for one, other in zip(whole, keras_dl.load("part").get_weights(), strict=True))


def test_a_name_that_is_taken(tmp_path):
    (tmp_path / "classification.py").write_text(textwrap.dedent(FILE))
    catalogue.add(tmp_path / "classification.py")
    with pytest.raises(UsageError, match="declares the task classification, which there is already; rename the file"):
        names()
