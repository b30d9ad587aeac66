"""Search over the size of any network and how it is trained, with a ledger that outlives its process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keras_dl.search.ledger import Trial
from keras_dl.search.settings import Settings

if TYPE_CHECKING:
    import keras

    from keras_dl.config import Config


def search(config: Config, data_name: str, settings: Settings, folder: Path, **arguments) -> list[Trial]:
    """Train variations of `config` on the data; see `keras_dl.search.driver.search`.

    For a `keras_tuner.HyperModel` of one's own, `config` is `keras_dl.search.hypermodel.network("module:Name")`.
    """
    from keras_dl.search.server import start_server

    if settings.cluster is None:
        start_server()  # it imports TensorFlow while this process does

    from keras_dl.search import driver

    return driver.search(config, data_name, settings, folder, **arguments)


def load(folder: str | Path) -> keras.Model:
    """The model that a search kept in `folder`, such as best/; for a HyperModel its module is imported and builds it.

    So the folder should be one's own. Raises `UsageError` if it is not complete, or if the module now builds another
    model.
    """
    from keras_dl.search import kept

    return kept.load(Path(folder))


__all__ = ["Settings", "Trial", "load", "search"]
