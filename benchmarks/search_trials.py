"""Trials an hour: `keras_dl.search` with 1 and with 2 workers against plain KerasTuner.

Run it by `python benchmarks/search_trials.py`, while the machine does nothing else. All three train the same networks,
in the same space, from the same seed, with the same optimizer, for the same epochs, on digits. KerasTuner trains them
one after the other in this process, from arrays, as its users do; a search of `keras_dl` gives each a process, and its
time contains the start of the fork server. Prints the seconds, the trials an hour and the best validation accuracy of
each; the goals are no fewer trials with 1 worker than KerasTuner, and 0.6 times the time with 2.
"""

import argparse
import dataclasses
import os
import tempfile
import time
from pathlib import Path

import keras_tuner

from keras_dl import get_config
from keras_dl.data import load
from keras_dl.search import Settings, search, space
from keras_dl.training.objective import compile_model


def ours(config, settings, folder) -> tuple[float, float]:
    began = time.monotonic()
    trials = search(config, "digits", settings, folder)
    return time.monotonic() - began, max(trial.val_accuracy for trial in trials)


def kerastuner(config, settings, folder) -> tuple[float, float]:
    data = load("digits")
    config = config.for_data(data.spec)
    steps = -(-len(data.train) // settings.batch_size)

    def build(hyperparameters):
        candidate = space.apply(hyperparameters.values, config, settings)
        model = candidate.config.build()
        compile_model(model, candidate.config, candidate.options, steps)
        return model

    began = time.monotonic()
    tuner = keras_tuner.RandomSearch(
        build,
        objective="val_accuracy",
        max_trials=settings.max_trials,
        seed=settings.seed + 1,  # as ours has it
        hyperparameters=space.hyperparameters(config, settings),
        directory=folder,
    )
    tuner.search(
        data.train.stored,
        data.train.labels,
        validation_data=(data.validation.stored, data.validation.labels),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        verbose=0,
    )
    (best,) = tuner.oracle.get_best_trials(1)
    return time.monotonic() - began, best.score


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="minimal_cnn_gap")
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=100)
    arguments = parser.parse_args()
    config = get_config(arguments.network)
    one = Settings(max_trials=arguments.trials, epochs=arguments.epochs)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        found["KerasTuner"] = kerastuner(config, one, Path(folder) / "kerastuner")
        for workers in (1, 2):
            settings = dataclasses.replace(one, workers=workers)
            name = f"keras_dl, {workers} worker{'s' * (workers > 1)}"
            found[name] = ours(config, settings, Path(folder) / str(workers))
    print(f"{arguments.network}, {arguments.trials} trials of {arguments.epochs} epochs, load {os.getloadavg()[0]:.1f}")
    for name, (seconds, accuracy) in found.items():
        rate = 3600 * arguments.trials / seconds
        print(f"{name:22}{seconds:8.1f} s{rate:8.0f} trials an hour, best accuracy {accuracy:.4f}")
    (theirs, _), (alone, _), (together, _) = found.values()
    print(f"1 worker / KerasTuner {alone / theirs:.2f}, goal at most 1; 2 workers / 1 {together / alone:.2f}, goal 0.6")


if __name__ == "__main__":
    main()
