"""Search over the size of any network and how it is trained, with a ledger that outlives its process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.search.ledger import Trial
from keras_dl.search.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from keras_dl.config import Config


def search(config: Config, data_name: str, settings: Settings, folder: Path, **arguments) -> list[Trial]:
    """Train variations of `config` on the data; see `keras_dl.search.driver.search`.

    For a `keras_tuner.HyperModel` of one's own, `config` is `keras_dl.search.hypermodel.network("module:Name")`.
    """
    from keras_dl.search.child import TRAIN, start_server

    if settings.cluster is None:
        start_server(TRAIN)  # it imports TensorFlow while this process does

    from keras_dl.search import driver

    return driver.search(config, data_name, settings, folder, **arguments)


__all__ = ["Settings", "Trial", "search"]
