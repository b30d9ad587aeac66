"""Search over the width, the depth and the learning rate of any network, with a ledger that outlives its process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.search.ledger import Trial
from keras_dl.search.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from keras_dl.config import Config


def search(config: Config, data_name: str, settings: Settings, folder: Path, **arguments) -> list[Trial]:
    """Train variations of `config` on the data; see `keras_dl.search.driver.search`."""
    from keras_dl.search import driver

    return driver.search(config, data_name, settings, folder, **arguments)


__all__ = ["Settings", "Trial", "search"]
