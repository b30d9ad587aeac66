"""A small real search, for processes that are killed."""

from multiprocessing import forkserver
from pathlib import Path

import keras_dl.search.oracle
import keras_dl.search.worker  # noqa: F401  (with the oracle, all that its processes need is imported once)
from keras_dl import get_config
from keras_dl.search import Settings, search

CONFIG = get_config("mlp", hidden=(16,))
SETTINGS = Settings(max_trials=8, max_parameters=5000, epochs=2, batch_size=128, seed=3)


def run(folder: str, settings: Settings = SETTINGS) -> None:
    """Search in `folder`. The trials come from the fork server that this process comes from: it has TensorFlow."""
    forkserver._forkserver.ensure_running = lambda: None
    search(CONFIG, "digits", settings, Path(folder))
