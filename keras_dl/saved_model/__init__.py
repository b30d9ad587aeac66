"""A trained network as a folder: its config, its weights, what it takes and gives, a card, and the hashes of all."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_dl import names, storage, strict_json
from keras_dl import weights as published_weights
from keras_dl.catalogue import get_config
from keras_dl.catalogue.describe import check_fits, describe
from keras_dl.config import Config
from keras_dl.errors import UsageError, nearest
from keras_dl.fields import checked
from keras_dl.lazy import keras
from keras_dl.saved_model import declaration
from keras_dl.surgery import check_model, transplant
from keras_dl.tasks import get_task
from keras_dl.weights import safetensors_files

if TYPE_CHECKING:
    import numpy as np

    from keras_dl.data import Spec
    from keras_dl.learning.task import Task

SHIPPED = Path(__file__).parents[1] / "saved_models"
SLACK = 100 * 2**20
"""bytes that a file of weights may have beside them"""
WIDENED = {"float16": "float32"}
"""what becomes of halves"""
FILES = {
    ".h5": "`build(name, weights=...)` takes files of weights",
    ".safetensors": "`build(name, weights=...)` takes files of weights",
    ".keras": "it is a whole Keras model, for keras.models.load_model",
}
"""what is done with a file of each kind"""


def build(name: str | Config, *, weights: str | os.PathLike | None = None, **changes) -> keras.Model:
    """The network called `name` (or a config), with some fields changed.

    `weights` is one of:

    - None: freshly initialised.
    - The name of published weights (`keras_dl.weights.available(name)`), such as "imagenet", downloaded at the first
      use.
    - The path of a file of such weights, .h5 or .safetensors.
    - The name of a saved model in `saved_models/`, or the path of its folder. Where `name` is a name, it stands for the
      family, and what `changes` do not say is as in the saved model.

    With other `classes` than those of the weights the head is fresh; to another `input_shape` `surgery.transplant`
    adapts the rest. Nothing else may differ. A bare word is a name first and a path only if nothing is called so.
    Raises `UsageError`.
    """
    config = get_config(name, **changes)
    if weights is None:
        check_fits(config)
        return config.build()
    weights = names.checked("weights", weights)
    if names.is_name("published weights", weights, published_weights.names(config)):
        own, file = published_weights.published(config, weights)
        published_weights.fetch(file, own)
        model = own.build()
        published_weights.load(model, own, file)
    elif (file := names.expanded(weights)).suffix in FILES or file.is_file():
        model, own = _from_file(config, file)
    else:
        folder = _saved_for(config, weights)
        own = read_config(folder)
        if type(own) is not type(config):
            raise UsageError(
                f"{folder} holds another network than this {config.family}: it is of the family {own.family}"
            )
        if not isinstance(name, Config):
            config = _as_saved(config, own, changes, folder)
        if not published_weights.are_variants(own, config):
            raise UsageError(f"{folder} holds another network than this {config.family}: it has {_apart(own, config)}")
        model = load(folder)
    return _adapted(model, own, config)


def _from_file(config: Config, path: Path) -> tuple[keras.Model, Config]:
    """The network that the weights in the file `path` are of, a variant of `config`, and its config."""
    errors = []
    for own in published_weights.candidates(config, path):
        check_fits(own)
        try:
            model = published_weights.loaded(own, path)
        except UsageError as error:
            errors.append(error)
        else:
            return model, own
    raise errors[0]


def _saved_for(config: Config, weights: str | os.PathLike) -> Path:
    """The folder of the saved model `weights`; where there is none, the error says what else there is for `config`."""
    try:
        return find(weights)
    except UsageError as error:
        known = ", ".join(published_weights.names(config)) or "none"
        raise UsageError(f"{error}; published for {config.family} are {known}") from None


def _as_saved(config: Config, own: Config, changes: dict[str, Any], folder: Path) -> Config:
    """The saved config `own` with `changes`; a note where it is another network than `config` of the same family."""
    if not published_weights.are_variants(own, config):
        names.note(f"{folder} holds another {own.family}, which is taken: it has {_apart(own, config)}")
    return own.replace(**changes)


def _apart(own: Config, config: Config) -> str:
    """The fields of `own` that must not differ from those of `config` and do."""
    theirs, ours = (json.loads(c.to_json()) for c in (own, config))
    apart = [key for key in ours if key not in published_weights.FREE and theirs.get(key) != ours[key]]
    return ", ".join(f"{key}={theirs.get(key)!r}" for key in apart)


def _adapted(model: keras.Model, own: Config, config: Config) -> keras.Model:
    """`model`, which is of `own`, as a network of `config`, which differs in `published_weights.FREE` only."""
    if own == config:
        return model
    try:
        return transplant(model, config, fresh=config.fresh_from(own))
    except UsageError as error:
        size = "input_shape" if hasattr(own, "input_shape") else "length"
        theirs, ours = getattr(own, size), getattr(config, size)
        raise UsageError(f"weights for inputs of {theirs} cannot be adapted to {ours} ({error})") from None


def find(name: str | os.PathLike) -> Path:
    """The folder of a saved model: a name in `saved_models/`, or the path of it, of a run or of a search.

    Raises `UsageError`.
    """
    name = names.checked("a saved model", name)
    shipped = sorted(path.parent.name for path in SHIPPED.glob(f"*/{storage.MANIFEST}"))
    if names.is_name("saved model", name, shipped):
        return SHIPPED / name
    try:
        folder = Path(name).expanduser()
        if folder.is_dir():
            inner = (folder / part for part in ("model", "best") if not (folder / storage.MANIFEST).exists())
            return next((part for part in inner if (part / storage.MANIFEST).is_file()), folder)
        if folder.is_file():
            use = FILES.get(folder.suffix, "a saved model is a folder")
            raise UsageError(f"{name} is a file, not the folder of a saved model; {use}")
    except (OSError, RuntimeError) as error:
        raise UsageError(f"no saved model can be at {str(name)[:80]!r}: {getattr(error, 'strerror', error)}") from None
    place = Path(os.path.realpath(folder))
    if older := storage.left_behind(place.parent, place.name):
        words = f"{name} was being replaced when its writer died; the one before is taken, {older[-1]}"
        warnings.warn(words, stacklevel=2)
        return older[-1]
    raise UsageError(f"no saved model at {str(name)!r}; {nearest(str(name), shipped)}")


def save(
    model: keras.Model,
    folder: str | os.PathLike,
    *,
    config: Config,
    class_names: tuple[str, ...] = (),
    task: Task | str | None = None,
    spec: Spec | None = None,
    card: str = "",
    facts: dict[str, Any] | None = None,
    halves: bool = False,
) -> Path:
    """Write `model`, built by `config`, as a folder that appears complete or not at all; an older one is replaced.

    `task` is what it has learned, by default that of `config`, and `spec` says what it takes: so it can be used on raw
    inputs. `class_names` name the outputs, by default as `spec` does; `card` is the text of its README.md, `facts` any
    JSON about its training. `halves` keeps float32 weights as float16, in half the bytes, each of the usual sizes off
    by at most a 2,048th; they become float32 again. What foreign code built goes into a file model.keras as well,
    without optimizer and loss, where Keras can write that. Adapters are added to the kernels they are of. Raises
    `UsageError` if the folder holds anything else than a saved model, which would be lost.
    """
    import safetensors.numpy

    folder = names.expanded(names.checked("folder", folder))
    check_model(model)
    if not isinstance(config, Config):
        raise UsageError(f"config must be that by which the model was built, got {config!r}")
    task = get_task(task or config.task)
    if not class_names and spec is not None and len(spec.class_names) == declaration.classes_of(config):
        class_names = spec.class_names
    tensors = _tensors(model, config)
    if halves:
        tensors = _halved(tensors)
    _check_declaration(tensors, config, class_names, card, facts)
    with storage.replacing_folder(folder) as part:
        storage.write(part / "weights.safetensors", safetensors.numpy.save(tensors))
        storage.write(part / "config.json", config.to_json())
        storage.write_json(part / "contract.json", {"class_names": list(class_names), "facts": facts or {}})
        storage.write_json(part / declaration.OUTPUT, task.to_json())
        if spec is not None:
            storage.write_json(part / declaration.INPUT, spec.to_json())
        storage.write(part / "README.md", card or f"# {config.family}\n")
        if config.foreign:
            _write_keras_file(model, part / "model.keras")
        storage.write_manifest(part, format=declaration.FORMAT)
    return folder


def _check_declaration(tensors: dict[str, np.ndarray], config: Any, class_names: Any, card: Any, facts: Any) -> None:
    """Raise `UsageError` for what `load` would refuse, or what no file can hold."""
    count = sum(tensor.size for tensor in tensors.values())
    if not config.foreign and count != (described := describe(config).parameters):
        raise UsageError(f"the model has {count:,} parameters, this {config.family} has {described:,}")
    checked("class_names", class_names, tuple[str, ...])
    wanted = declaration.classes_of(config)
    if class_names and (len(class_names) != wanted or len(set(class_names)) != wanted):
        raise UsageError(f"class_names must be {wanted} different ones, one for each class, got {class_names!r:.60}")
    try:
        checked("card", card, str).encode()
        text = json.dumps(checked("facts", facts, dict | None))
    except UnicodeEncodeError as error:
        raise UsageError(f"card must be text that UTF-8 can hold: {error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"facts must be JSON: {error}") from None
    strict_json.parse(text, "facts")


def _variables(model: keras.Model, config: Config) -> dict[str, keras.Variable]:
    """The weights by the names that they have in a file: their number where foreign code calls layers as they come."""
    return {f"{n:05d}" if config.foreign else weight.path: weight for n, weight in enumerate(model.weights)}


def _tensors(model: keras.Model, config: Config) -> dict[str, np.ndarray]:
    """The weights by the names that they have in a file, as arrays."""
    import numpy as np

    from keras_dl.learning import adapters

    if not config.foreign:
        return adapters.amounts(model)
    return {name: np.asarray(one.numpy(), order="C") for name, one in _variables(model, config).items()}


def _halved(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`tensors` with float16 in place of float32. Raises `UsageError` for what float16 does not hold."""
    import numpy as np

    found = {name: one.astype("float16") if one.dtype == "float32" else one for name, one in tensors.items()}
    if lost := [name for name, one in found.items() if not np.isfinite(one).all()]:
        raise UsageError(f"halves hold no weights of this size, above 65,504: {lost[0]}")
    return found


def _write_keras_file(model: keras.Model, path: Path) -> None:
    try:
        keras.Model(model.inputs, model.outputs, name=model.name).save(path)
    except Exception as error:  # a layer of the user's own may not say what it was made with
        names.note(f"no {path.name}: {error}")
        path.unlink(missing_ok=True)


def read_config(folder: str | os.PathLike) -> Config:
    """The config of a saved model, which alone is read and verified. Raises `UsageError`."""
    folder = find(folder)
    return declaration.contract(folder, declaration.manifest(folder)["files"])["config"]


def read_contract(folder: str | os.PathLike) -> dict[str, Any]:
    """The verified declaration of a saved model: `config`, `class_names`, `facts`, `task`, and `spec` or None.

    No weight is read into memory. Raises `UsageError`.
    """
    folder = find(folder)
    contract = declaration.contract(folder, declaration.manifest(folder)["files"])
    storage.read_manifest(folder)
    return contract


def load(folder: str | os.PathLike) -> keras.Model:
    """The network saved in `folder` (or called so in `saved_models/`), as a plain `keras.Model` in inference order.

    Sizes, config, parameter count, hashes and the table of tensors are checked, in that order, before anything is
    built; the values are then checked to be finite. Raises `UsageError` naming the first thing that is wrong.
    """
    folder = find(folder)
    config, file = read_config(folder), folder / "weights.safetensors"
    size, described = file.stat().st_size, describe(config).weight_bytes
    if size < described // 2 or size > described + SLACK:  # halves are kept in half as many
        raise UsageError(f"{file} has {size:,} bytes; {config.family} has {described:,} bytes of weights")
    check_fits(config)
    before = _place(file)
    storage.read_manifest(folder)
    model = rebuilt(config, file)
    if _place(file) != before:
        raise UsageError(f"{file} was replaced while it was read; load it again")
    return model


def rebuilt(config: Config, file: Path) -> keras.Model:
    """What `config` builds, with the weights in `file`, all of which must be there, fit and be finite, and no others.

    Raises `UsageError` naming the first that is not so.
    """
    import numpy as np

    tensors = safetensors_files.read(file)
    model = config.build()
    variables = _variables(model, config)
    expected = {name: tuple(variable.shape) for name, variable in variables.items()}
    found = {name: tensor.shape for name, tensor in tensors.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise UsageError(
                f"{file}: tensor {name!r} is {found.get(name, 'missing')}, expected {expected.get(name, 'none')}"
            )
    for name, variable in variables.items():
        tensor = tensors[name]
        dtype = tensor.dtype.name
        if variable.dtype not in (dtype, _narrowed(dtype), WIDENED.get(dtype)):
            raise UsageError(f"{file}: tensor {name!r} is of {tensor.dtype}, expected {variable.dtype}")
        if not np.isfinite(tensor).all():
            raise UsageError(f"{file}: tensor {name!r} holds values that are not finite")
        variable.assign(tensor)
    return model


def _narrowed(dtype: str) -> str:
    """What becomes of a dtype on JAX, which by default has no numbers of 64 bits."""
    return dtype.replace("64", "32") if keras.backend.backend() == "jax" else dtype


def _place(file: Path) -> tuple[int, ...]:
    """What tells a file from another that takes its place or its content."""
    status = file.stat()
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
