"""Trials an hour: `keras_dl.search` with 1 and with 2 workers against plain KerasTuner.

Run it by `python benchmarks/search_trials.py`, while the machine does nothing else. All three train the same networks,
in the same space, from the same seed, with the same optimizer, for the same epochs, on digits. KerasTuner trains them
one after the other, from arrays, as its users do; a search of `keras_dl` gives each trial a process. Each of the three
is a script of its own, timed from its first line to its end, so all times contain what is imported. Prints the
seconds, the trials an hour and the best validation accuracy of each; the goals are no fewer trials with 1 worker than
KerasTuner, and 0.6 times the time with 2.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAMES = {"kerastuner": "KerasTuner", "1": "keras_dl, 1 worker", "2": "keras_dl, 2 workers"}


def ours(arguments, folder: str) -> float:
    """The best accuracy of a search by `keras_dl`."""
    from keras_dl import get_config
    from keras_dl.search import Settings, search

    settings = Settings(max_trials=arguments.trials, epochs=arguments.epochs, workers=int(arguments.contender))
    trials = search(get_config(arguments.network), "digits", settings, Path(folder))
    return max(trial.score for trial in trials)


def kerastuner(arguments, folder: str) -> float:
    """The best accuracy of a search by KerasTuner."""
    import keras_tuner

    from keras_dl import get_config
    from keras_dl.data import load
    from keras_dl.search import Settings, space
    from keras_dl.training.objective import compile_model

    settings = Settings(max_trials=arguments.trials, epochs=arguments.epochs)
    data = load("digits")
    config = get_config(arguments.network).for_data(data.spec)
    steps = -(-len(data.train) // settings.batch_size)

    def build(hyperparameters):
        candidate = space.apply(hyperparameters.values, config, settings)
        model = candidate.config.build()
        compile_model(model, candidate.config, candidate.options, steps)
        return model

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
    return best.score


def measured(contender: str) -> tuple[float, float]:
    """The seconds of a contender's script, and its best accuracy."""
    began = time.monotonic()
    command = [sys.executable, __file__, *sys.argv[1:], "--contender", contender]
    *_, last = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return time.monotonic() - began, json.loads(last)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="minimal_cnn_gap")
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--contender", choices=NAMES, help="run this one alone")
    arguments = parser.parse_args()
    if arguments.contender:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps((kerastuner if arguments.contender == "kerastuner" else ours)(arguments, folder)))
        return
    found = {contender: measured(contender) for contender in NAMES}
    print(f"{arguments.network}, {arguments.trials} trials of {arguments.epochs} epochs, load {os.getloadavg()[0]:.1f}")
    for contender, (seconds, accuracy) in found.items():
        rate = 3600 * arguments.trials / seconds
        print(f"{NAMES[contender]:22}{seconds:8.1f} s{rate:8.0f} trials an hour, best accuracy {accuracy:.4f}")
    (theirs, _), (alone, _), (together, _) = found.values()
    print(f"1 worker / KerasTuner {alone / theirs:.2f}, goal at most 1; 2 workers / 1 {together / alone:.2f}, goal 0.6")


if __name__ == "__main__":
    main()
