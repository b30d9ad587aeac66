"""A training that is killed goes on to the same bits."""

import errno
import json
import random
import shutil
import signal
import time

import pytest
import resume_job

from keras_dl import UsageError, storage
from keras_dl.training import Interrupted

PRELOAD = ["resume_job", "sklearn.datasets"]
KILLS = 6


@pytest.fixture(scope="module")
def reference(processes, tmp_path_factory):
    """The fingerprint of the uninterrupted training, and the seconds it takes."""
    folder = tmp_path_factory.mktemp("reference")
    run(processes, tmp_path_factory.mktemp("warm-up"))
    began = time.monotonic()
    run(processes, folder)
    return (folder / "fingerprint").read_text(), time.monotonic() - began


def run(processes, folder, seconds=None):
    process = processes.Process(target=resume_job.train, args=(str(folder),))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode


def test_resumes_to_the_same_bits_after_a_kill_at_any_moment(processes, reference, tmp_path, pytestconfig):
    fingerprint, seconds = reference
    kills = pytestconfig.getoption("kills") or KILLS
    moments = random.Random(0)
    killed = 0
    for number in range(kills):
        folder = tmp_path / str(number)
        began = time.monotonic()
        if run(processes, folder, moments.uniform(0.05, 0.95) * seconds) == -signal.SIGKILL:
            killed += 1
        else:
            seconds = time.monotonic() - began  # the machine has become faster
        assert run(processes, folder) == 0
        assert (folder / "fingerprint").read_text() == fingerprint, f"kill {number}"
        shutil.rmtree(folder)
    assert killed >= kills * 3 // 4, f"only {killed} of {kills} kills came before the end"


class StopAt:
    """A Keras callback, made late because Keras is imported late, that signals its own process at a step."""

    def __new__(cls, step, number=signal.SIGTERM):
        import keras

        class Stop(keras.callbacks.Callback):
            def __init__(self):
                super().__init__()
                self._left = step

            def on_train_batch_end(self, batch, logs=None):
                self._left -= 1
                if self._left == 0:
                    signal.raise_signal(number)

            def get_state(self):
                return {}

            def set_state(self, state):
                pass

        return Stop()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_within_a_step(reference, tmp_path, number, code):
    with pytest.raises(Interrupted) as stopped:
        resume_job.train(str(tmp_path), [StopAt(60, number)])
    assert stopped.value.exit_code == code
    newest = max((tmp_path / "checkpoints").iterdir())
    state = json.loads((newest / "state.json").read_text())
    assert (state["epoch"], state["step"]) == divmod(60, 41)
    assert resume_job.train(str(tmp_path), [StopAt(0)]) == reference[0]


def test_two_generations_are_kept_and_a_damaged_one_is_passed_over(reference, tmp_path):
    with pytest.raises(Interrupted):
        resume_job.train(str(tmp_path), [StopAt(150)])
    older, newest = sorted((tmp_path / "checkpoints").iterdir())
    state = newest / "state.safetensors"
    damaged = bytearray(state.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    state.write_bytes(damaged)
    with pytest.warns(UserWarning, match=f"{newest.name}.*SHA-256"):
        assert resume_job.train(str(tmp_path), [StopAt(0)]) == reference[0]
    assert older.name < newest.name


@pytest.mark.parametrize("spoil", [lambda folder: (folder / "manifest.json").unlink(), None])
def test_what_is_no_checkpoint_makes_room(reference, tmp_path, spoil):
    with pytest.raises(Interrupted):
        resume_job.train(str(tmp_path), [StopAt(150)])
    newest = max((tmp_path / "checkpoints").iterdir())
    if spoil is None:
        newest = tmp_path / "checkpoints" / "epoch-00099-step-0000000"
        newest.write_text("")
    else:
        spoil(newest)
    with pytest.warns(UserWarning, match=f"passed over: .*{newest.name} is not complete"):
        assert resume_job.train(str(tmp_path), [StopAt(0)]) == reference[0]
    assert all((folder / "manifest.json").is_file() for folder in (tmp_path / "checkpoints").iterdir())


def test_refuses_when_every_checkpoint_is_damaged(tmp_path):
    with pytest.raises(Interrupted):
        resume_job.train(str(tmp_path), [StopAt(150)])
    for folder in (tmp_path / "checkpoints").iterdir():
        (folder / "state.json").write_text("{")
    with pytest.warns(UserWarning), pytest.raises(UsageError, match=r"every checkpoint .* is damaged"):
        resume_job.train(str(tmp_path), [StopAt(0)])


def test_a_finished_training_trains_no_more(reference, tmp_path):
    assert resume_job.train(str(tmp_path)) == reference[0]
    assert resume_job.train(str(tmp_path), []) == reference[0]


def test_a_full_disk_keeps_the_last_checkpoint(reference, tmp_path, monkeypatch):
    with pytest.raises(Interrupted):
        resume_job.train(str(tmp_path), [StopAt(60)])

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(storage, "write", full)
        resume_job.train(str(tmp_path), [StopAt(0)])
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2
    assert resume_job.train(str(tmp_path), [StopAt(0)]) == reference[0]
