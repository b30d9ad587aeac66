"""Whatever a network learns: a training that is killed goes on to the same bits."""

import os
import random
import shutil
import signal
import time

import pytest
from jobs import KILLED

PRELOAD = ["task_job", "sklearn.datasets"]
KILLS = {
    **dict.fromkeys(
        (
            "sentences",
            "with_adapters",
            "segmentation",
            "contrastive",
            "variational_autoencoding",
            "adversarial_generation",
            "node_classification",
            "deep_q_learning",
            "language_modeling",
            "translation",
        ),
        20,
    ),
    "object_detection": 4,
    "cycle_consistency": 4,
}
"""of the hardest of each kind; detectors and four models in one take long"""


class End:
    """A Keras callback, made late because Keras is imported late, that signals its own process at a step."""

    def __new__(cls, step, number):
        import keras

        class Signal(keras.callbacks.Callback):
            left = step

            def on_train_batch_end(self, batch, logs=None):
                self.left -= 1
                if self.left == 0:
                    os.kill(os.getpid(), number)

            def get_state(self):
                return {}

            def set_state(self, state):
                pass

        return Signal()


def work(name, folder, step, number):
    import task_job

    task_job.train(name, folder, [End(step, number)])


def run(processes, name, folder, *, seconds=None, step=0, number=signal.SIGKILL):
    """The exit code of a training that is killed after so many seconds, or sends itself a signal at a step."""
    process = processes.Process(target=work, args=(name, str(folder), step, number))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode


def whole(processes, name, folder):
    assert run(processes, name, folder) == 0
    return (folder / "fingerprint").read_text()


@pytest.mark.parametrize("name", KILLED)
def test_stopped_in_an_epoch_and_killed_in_another(processes, name, tmp_path):
    fingerprint, part = whole(processes, name, tmp_path / "whole"), tmp_path / "part"
    steps = len(jobs_data(name)) // 16
    assert run(processes, name, part, step=max(1, steps // 2), number=signal.SIGTERM) not in (0, -signal.SIGKILL)
    assert run(processes, name, part, step=steps + 1) == -signal.SIGKILL
    assert run(processes, name, part) == 0
    assert (part / "fingerprint").read_text() == fingerprint


def jobs_data(name):
    return KILLED[name]()[2].train


@pytest.mark.parametrize("name", KILLS)
def test_kills_at_any_moment(processes, name, tmp_path):
    """A training is killed again and again until it ends; then another begins, until there were enough kills."""
    whole(processes, name, tmp_path / "warm-up")
    began = time.monotonic()
    fingerprint = whole(processes, name, tmp_path / "whole")
    seconds, moments, killed, ended = time.monotonic() - began, random.Random(name), 0, 0
    while killed < KILLS[name]:
        part = tmp_path / str(ended)
        code = run(processes, name, part, seconds=moments.uniform(0.3, 1.0) * seconds)
        killed += code == -signal.SIGKILL
        if code == 0:
            assert (part / "fingerprint").read_text() == fingerprint, f"training {ended} after {killed} kills"
            shutil.rmtree(part)
            ended += 1
        assert ended <= 2 * KILLS[name], f"only {killed} kills in {ended} trainings"
    part = tmp_path / str(ended)
    assert run(processes, name, part) == 0
    assert (part / "fingerprint").read_text() == fingerprint
