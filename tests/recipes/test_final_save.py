"""Whatever happens while a run writes its model, the same command completes it."""

import shutil
import signal

import pytest
from finish_job import finish

from keras_dl import get_config, load, saved_model, storage
from keras_dl.recipes.train import Train

PRELOAD = ["tensorflow", "finish_job", "keras_dl.recipes.train", "sklearn.datasets", "matplotlib.pyplot"]
MOMENTS = range(1, 25)
"""syncs to disk from the end of the training to that of the run"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run, and a copy of it as it was before its model was written."""
    folder = tmp_path_factory.mktemp("done")
    Train(network=get_config("mlp", hidden=(4,)), epochs=1, batch_size=256, out=str(folder / "whole")).run()
    shutil.copytree(folder / "whole", folder / "trained")
    shutil.rmtree(folder / "trained" / "model")
    (folder / "trained" / "result.json").unlink()
    return folder


@pytest.fixture
def trained(done, tmp_path):
    return shutil.copytree(done / "trained", tmp_path / "run")


def assert_complete(folder, done):
    storage.read_manifest(folder / "model")
    for name in ("model/weights.safetensors", "result.json"):
        assert (folder / name).read_bytes() == (done / "whole" / name).read_bytes()
    left = [path.name for path in folder.rglob("*") if path.suffix in (".tmp", ".old")]
    assert not left


@pytest.mark.parametrize("happening", ["ctrl-c", "full disk"])
@pytest.mark.parametrize("moment", [4, 9, 14, 19])
def test_an_interruption(done, trained, moment, happening):
    with pytest.raises((KeyboardInterrupt, OSError)):
        finish(str(trained), moment, happening)
    finish(str(trained))
    assert_complete(trained, done)


def kill_and_go_on(processes, trained, moment):
    process = processes.Process(target=finish, args=(str(trained), moment))
    process.start()
    process.join()
    finish(str(trained))
    return process.exitcode


@pytest.mark.parametrize("moment", [6, 12, 18])
def test_a_kill(processes, done, trained, moment):
    assert kill_and_go_on(processes, trained, moment) == -signal.SIGKILL
    assert_complete(trained, done)


@pytest.mark.slow
def test_a_kill_at_every_moment(processes, done, tmp_path):
    ends = []
    for moment in MOMENTS:
        folder = shutil.copytree(done / "trained", tmp_path / str(moment))
        ends.append(kill_and_go_on(processes, folder, moment))
        assert_complete(folder, done)
        shutil.rmtree(folder)
    assert ends.count(-signal.SIGKILL) >= 20


def test_a_kill_while_an_older_model_is_replaced(done, tmp_path):
    folder = shutil.copytree(done / "whole", tmp_path / "run")
    older = folder / ".model.abcdefgh.old"
    (folder / "model").rename(older)
    with pytest.warns(UserWarning, match=r"the one before is taken, .*\.model\.abcdefgh\.old"):
        load(folder / "model")
    finish(str(folder))
    assert_complete(folder, done)


def test_a_picture_that_cannot_be_drawn_costs_a_note(trained, monkeypatch, capsys):
    def refuse(*_, **__):
        raise ValueError("no such glyph")

    monkeypatch.setattr("keras_dl.training.loop.plot_curves", refuse)
    (trained / "curves.png").unlink()
    finish(str(trained))
    assert "curves.png could not be drawn: ValueError: no such glyph" in capsys.readouterr().err
    assert saved_model.read_contract(trained / "model")["facts"]["epochs"] == 1
