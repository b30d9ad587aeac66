"""A trained network as a folder: its config, its weights, what it takes and gives, a card, and the hashes of all."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_dl import storage
from keras_dl import weights as published_weights
from keras_dl.catalogue import get_config
from keras_dl.config import Config
from keras_dl.describe import describe
from keras_dl.errors import UsageError, nearest
from keras_dl.surgery import transplant

if TYPE_CHECKING:
    import keras

SHIPPED = Path(__file__).parent.parent / "saved_models"
FORMAT = 1
LARGEST_BYTES = 64 * 2**30


def build(name: str | Config, *, weights: str | os.PathLike | None = None, **changes) -> keras.Model:
    """The network called `name` (or a config), with some fields changed.

    `weights` is one of:

    - None: freshly initialised.
    - The name of published weights (`keras_dl.weights.available(name)`), such as "imagenet", downloaded at the first
      use. With other `classes` the head is fresh; with another `input_shape` `surgery.transplant` adapts the rest.
    - The path of a file of such weights, .h5 or .safetensors, which must be of exactly this network.
    - The path of a saved model's folder, or its name in `saved_models/`, which must be of exactly this network.

    Raises `UsageError`.
    """
    config = get_config(name, **changes)
    if weights is None:
        return config.build()
    if found := published_weights.published(config, str(weights)):
        published_config, file = found
        published_weights.fetch(file, published_config)
        model = published_config.build()
        published_weights.load(model, published_config, file)
        if config == published_config:
            return model
        return transplant(model, config, fresh=() if config.classes == published_config.classes else ("head",))
    if Path(weights).suffix in published_weights.SUFFIXES:
        model = config.build()
        published_weights.load(model, config, weights)
        return model
    try:
        folder = find(weights)
    except UsageError as error:
        names = published_weights.names(config)
        raise UsageError(f"{error}; published for {config.family} are {', '.join(names) or 'none'}") from None
    contract = read_contract(folder)
    if contract["config"] != config:
        theirs, ours = (json.loads(c.to_json()) for c in (contract["config"], config))
        differing = {key: theirs.get(key) for key in ours if theirs.get(key) != ours[key]}
        differing = ", ".join(f"{key}={value!r}" for key, value in differing.items())
        raise UsageError(f"{folder} holds another network than {config.family}: it has {differing}")
    return load(folder)


def find(name: str | os.PathLike) -> Path:
    """The folder of a saved model: a path, or a name in `saved_models/`. Raises `UsageError`."""
    for folder in (Path(name), SHIPPED / name):
        if folder.is_dir():
            return folder
    place = Path(os.path.realpath(name))
    if older := storage.left_behind(place.parent, place.name):
        words = f"{name} was being replaced when its writer died; the one before is taken, {older[-1]}"
        warnings.warn(words, stacklevel=2)
        return older[-1]
    shipped = sorted(path.parent.name for path in SHIPPED.glob(f"*/{storage.MANIFEST}"))
    raise UsageError(f"no saved model at {str(name)!r}; {nearest(str(name), shipped)}")


def save(
    model: keras.Model,
    folder: str | os.PathLike,
    *,
    config: Config,
    class_names: tuple[str, ...] = (),
    card: str = "",
    facts: dict[str, Any] | None = None,
) -> Path:
    """Write `model`, built by `config`, as a folder that appears complete or not at all; an older one is replaced.

    `class_names` name the outputs, `card` is the text of its README.md, `facts` any JSON about its training. Raises
    `UsageError` if the folder holds anything else than a saved model, which would be lost.
    """
    import numpy as np
    import safetensors.numpy

    folder = Path(folder)
    tensors = {variable.path: np.asarray(variable.numpy(), order="C") for variable in model.weights}
    with storage.replacing_folder(folder) as part:
        storage.write(part / "weights.safetensors", safetensors.numpy.save(tensors))
        storage.write(part / "config.json", config.to_json())
        storage.write_json(part / "contract.json", {"class_names": list(class_names), "facts": facts or {}})
        storage.write(part / "README.md", card or f"# {config.family}\n")
        storage.write_manifest(part, format=FORMAT)
    return folder


def read_contract(folder: str | os.PathLike) -> dict[str, Any]:
    """The verified declaration of a saved model: `config`, `class_names` and `facts`. No weight is read into memory."""
    folder = find(folder)
    manifest = storage.read_manifest(folder)
    if manifest.get("format") != FORMAT:
        raise UsageError(f"{folder} has format {manifest.get('format')!r}; this version reads {FORMAT}")
    needed = {"config.json", "contract.json", "weights.safetensors"}
    if missing := needed - set(manifest["files"]):
        raise UsageError(f"the manifest of {folder} lacks {', '.join(sorted(missing))}")
    config = Config.from_json((folder / "config.json").read_text(encoding="utf-8"))
    return {"config": config, **json.loads((folder / "contract.json").read_text(encoding="utf-8"))}


def load(folder: str | os.PathLike) -> keras.Model:
    """The network saved in `folder` (or called so in `saved_models/`), as a plain `keras.Model` in inference order.

    Size, hashes, config, parameter count and the table of tensors are checked, in that order, before anything is
    built; the values are then checked to be finite. Raises `UsageError` naming the first thing that is wrong.
    """
    import numpy as np
    import safetensors.numpy

    folder = find(folder)
    file = folder / "weights.safetensors"
    if file.is_file() and file.stat().st_size > LARGEST_BYTES:
        raise UsageError(f"{file} has {file.stat().st_size} bytes; at most {LARGEST_BYTES} are read")
    config = read_contract(folder)["config"]
    size, described = file.stat().st_size, describe(config).weight_bytes
    if size < described or size > described + 100 * 2**20:
        raise UsageError(f"{file} has {size} bytes; {config.family} has {described} bytes of weights")
    tensors = safetensors.numpy.load_file(file)
    model = config.build()
    expected = {variable.path: tuple(variable.shape) for variable in model.weights}
    found = {name: tensor.shape for name, tensor in tensors.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise UsageError(
                f"{file}: tensor {name!r} is {found.get(name, 'missing')}, expected {expected.get(name, 'none')}"
            )
    for variable in model.weights:
        if not np.isfinite(tensors[variable.path]).all():
            raise UsageError(f"{file}: tensor {variable.path!r} holds values that are not finite")
        variable.assign(tensors[variable.path])
    return model
