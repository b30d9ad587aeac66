"""Training that can be stopped at any moment and goes on to the same bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.training.interrupt import Interrupted
from keras_dl.training.kept import kept_row
from keras_dl.training.options import Options
from keras_dl.training.seeding import seed_everything

if TYPE_CHECKING:
    from pathlib import Path

    import keras

    from keras_dl.config import Config
    from keras_dl.data import Data


def fit(model: keras.Model, config: Config, data: Data, options: Options, folder: Path, **arguments) -> list[dict]:
    """Train `model` on `data.train` and return a row of metrics per epoch; see `keras_dl.training.loop.fit`."""
    from keras_dl.training import loop

    return loop.fit(model, config, data, options, folder, **arguments)


def build(config: Config, options: Options, weights: str | None = None) -> keras.Model:
    """A network of `config`, as `options` want it built; see `keras_dl.training.building.build`."""
    from keras_dl.training import building

    return building.build(config, options, weights)


__all__ = ["Interrupted", "Options", "build", "fit", "kept_row", "seed_everything"]
