"""Small searches, for processes that are killed."""

from multiprocessing import forkserver
from pathlib import Path

import quick_trial  # noqa: F401

import keras_dl.search.driver
import keras_dl.search.worker  # noqa: F401  # with the driver, all that its processes need is imported once
from keras_dl import get_config
from keras_dl.search import Settings, search
from keras_dl.search.child import Limits
from keras_dl.search.local_pool import LocalPool
from keras_dl.search.ray_pool import RayPool
from keras_dl.search.server import TRAIN

CONFIG = get_config("mlp", hidden=(16,))
SETTINGS = Settings(max_trials=8, max_parameters=5000, epochs=2, batch_size=128, seed=3)
QUICK = "quick_trial:train"


def run(folder: str, settings: Settings = SETTINGS, trial: str = TRAIN) -> None:
    """Search in `folder`. The trials come from the fork server that this process comes from: it has TensorFlow."""
    forkserver.ensure_running = forkserver._forkserver.ensure_running = lambda: None
    if settings.cluster is None:
        pool = LocalPool(trial, Limits())
    else:
        pool = RayPool(trial, Limits(), settings.cluster, settings.workers)
    search(CONFIG, "digits", settings, Path(folder), pool=pool)
