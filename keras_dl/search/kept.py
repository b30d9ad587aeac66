"""The model of a trial on disk: a saved model where the network is of the catalogue, a `.keras` file otherwise."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_dl import saved_model, storage
from keras_dl.config import Config
from keras_dl.lazy import keras
from keras_dl.search.hypermodel import HyperNetwork

if TYPE_CHECKING:
    from keras_dl.data import Spec

FILE = "model.keras"


def save(model: keras.Model, folder: Path, config: Config, spec: Spec, facts: dict[str, Any], card: str = "") -> None:
    """Write `model` as a folder that appears complete or not at all, instead of an older one.

    `keras_dl.load` reads it if `config` is of the catalogue. Else it holds model.keras, without optimizer and loss,
    beside contract.json and the card: what a file names is never imported, so the HyperModel itself is not in it.
    """
    if not isinstance(config, HyperNetwork):
        saved_model.save(model, folder, config=config, class_names=spec.class_names, card=card, facts=facts)
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".tmp"))
    part.chmod(0o755)
    keras.Model(model.inputs, model.outputs, name=model.name).save(part / FILE)
    storage.write_json(part / "contract.json", {"class_names": list(spec.class_names), "facts": facts})
    storage.write(part / "README.md", card or f"# {config.source}\n")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(part, folder)


def load(folder: Path) -> tuple[keras.Model, dict[str, Any]]:
    """The model in `folder`, and the facts that were saved with it."""
    facts = json.loads((folder / "contract.json").read_text(encoding="utf-8"))["facts"]
    if (folder / FILE).exists():
        return keras.saving.load_model(folder / FILE), facts
    return saved_model.load(folder), facts
