"""Whatever a network learns: a training that is interrupted or killed goes on to the same bits."""

import os
import random
import shutil
import signal
import time

import pytest
from jobs import KILLED

PRELOAD = ["task_job", "sklearn.datasets"]
ALIKE = (
    "pairs",
    "regression",
    "relative_localization",
    "rotation",
    "reconstruction",
    "verification",
    "forecasting",
    "two_views_of_its_own",
    "contrastive_divergence",
    "several_heads",
    "domain_of_its_own",
    "language_of_sentences",
    "words_and_next_sentence",
    "captioning",
)
"""those that learn by the learner of another job: nothing more of theirs has to survive"""
OFTEN = (
    "with_adapters",
    "language_modeling",
    "translation",
    "variational_autoencoding",
    "adversarial_generation",
    "restricted_machine",
    "clustering",
    "sentences",
    "segmentation",
    "contrastive",
    "node_classification",
    "deep_q_learning",
)
"""those that are killed at any moment, the hardest of each kind, twice each; twenty times by `--kills 20`"""
KILLS = 2


class End:
    """A Keras callback, made late because Keras is imported late, that interrupts its own process at a step."""

    def __new__(cls, step):
        import keras

        class Signal(keras.callbacks.Callback):
            left = step

            def on_train_batch_end(self, batch, logs=None):
                self.left -= 1
                if self.left == 0:
                    os.kill(os.getpid(), signal.SIGTERM)

            def get_state(self):
                return {}

            def set_state(self, state):
                pass

        return Signal()


def work(name, folder, step):
    import task_job

    task_job.train(name, folder, [End(step)])


def run(processes, name, folder, *, seconds=None, step=0):
    """The exit code of a training that is killed after so many seconds, or interrupted at a step."""
    process = processes.Process(target=work, args=(name, str(folder), step))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode


def whole(processes, name, folder):
    assert run(processes, name, folder) == 0
    return (folder / "fingerprint").read_text()


def interrupted(processes, name, folder):
    """Stop a training in the middle of its first epoch."""
    steps = max(1, len(KILLED[name]()[2].train) // 16 // 2)
    assert run(processes, name, folder, step=steps) not in (0, -signal.SIGKILL)


@pytest.mark.parametrize("name", [name for name in KILLED if name not in (*OFTEN, *ALIKE)])
def test_interrupted_in_an_epoch(processes, name, tmp_path):
    fingerprint, part = whole(processes, name, tmp_path / "whole"), tmp_path / "part"
    interrupted(processes, name, part)
    assert run(processes, name, part) == 0
    assert (part / "fingerprint").read_text() == fingerprint


@pytest.mark.parametrize("name", OFTEN)
def test_kills_at_any_moment(processes, name, tmp_path, pytestconfig):
    """A training is killed again and again until it ends; then another begins, until there were enough kills.

    The first has been interrupted before, which also makes the times those of a server that has trained once.
    """
    interrupted(processes, name, tmp_path / "0")
    began = time.monotonic()
    fingerprint = whole(processes, name, tmp_path / "whole")
    seconds, moments, killed, ended = time.monotonic() - began, random.Random(name), 0, 0
    kills = pytestconfig.getoption("kills") or KILLS
    while killed < kills:
        part = tmp_path / str(ended)
        anew, began = not part.exists(), time.monotonic()
        code = run(processes, name, part, seconds=moments.uniform(0.3, 1.0) * seconds)
        killed += code == -signal.SIGKILL
        if code == 0:
            seconds = time.monotonic() - began if anew else seconds  # the machine has become faster
            assert (part / "fingerprint").read_text() == fingerprint, f"training {ended} after {killed} kills"
            shutil.rmtree(part)
            ended += 1
        assert ended <= 4 * kills, f"only {killed} kills in {ended} trainings"
    part = tmp_path / str(ended)
    assert run(processes, name, part) == 0
    assert (part / "fingerprint").read_text() == fingerprint
