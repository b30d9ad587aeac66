"""The registry: every module under `architectures/` that declares `VARIANTS` is a family of networks."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import importlib
import os
import pkgutil
import re
from types import ModuleType

from keras_dl import architectures, strict_json
from keras_dl.catalogue import own
from keras_dl.config import Config
from keras_dl.errors import UsageError, choose
from keras_dl.fields import checked


@dataclasses.dataclass(frozen=True)
class Entry:
    """One name of the catalogue: its config and the module that declares it."""

    name: str
    config: Config
    module: ModuleType

    @property
    def family(self) -> str:
        return self.config.family

    @property
    def task(self) -> str:
        return self.config.task

    @property
    def parameters(self) -> int:
        """The count stated in the table of the module's docstring, which a test compares with the network itself.

        A network of one's own that states none is counted.
        """
        row = re.search(rf"^\s*{re.escape(self.name)}\s+([\d,]+)", self.module.__doc__ or "", re.MULTILINE)
        if row is not None:
            return int(row[1].replace(",", ""))
        from keras_dl.catalogue.describe import describe

        return describe(self.config).parameters

    @property
    def paper(self) -> tuple[str, str]:
        """The title and the year of the publication.

        The module's docstring names it after its first sentence; names with another one are in the module's `PAPERS`.
        """
        if self.name in (others := getattr(self.module, "PAPERS", {})):
            return others[self.name]
        _summary, reference, *_ = self.module.__doc__.split("\n\n")
        return re.search(r'"([^"]+?)[.,]?".*?\b((?:19|20)\d\d)\b', " ".join(reference.split())).groups()

    @property
    def summary(self) -> str:
        """The first line of the module's docstring."""
        return (self.module.__doc__ or self.module.__name__).strip().splitlines()[0]


@functools.cache
def entries() -> dict[str, Entry]:
    """Every network by name, in alphabetical order, those of one's own included: see `keras_dl.catalogue.own`.

    Raises `UsageError` when two modules claim one name, or one family.
    """
    found: dict[str, Entry] = {}
    infos = pkgutil.walk_packages(architectures.__path__, f"{architectures.__name__}.")
    ours = [(module, getattr(module, "VARIANTS", {})) for module in (importlib.import_module(i.name) for i in infos)]
    for module, variants in [*ours, *((module, own.variants(module)) for module in own.modules())]:
        for name, config in variants.items():
            other = next((e for e in found.values() if e.module is not module and e.family == config.family), None)
            if other := found.get(name, other):
                raise UsageError(f"{name} of {module.__name__} is of {other.module.__name__} already; rename it")
            found[name] = Entry(name, config, module)
    return dict(sorted(found.items()))


def add(file: str | os.PathLike) -> dict[str, Config]:
    """Make the networks in a Python file known for this process and its children; return them by name.

    The file declares a family as those under `keras_dl/architectures/` do: subclasses of `Config`, `build(config)`
    and, if there are several networks, `VARIANTS`. Raises `UsageError` for a file that cannot be imported or declares
    none, and for names that are taken.
    """
    module = own.give(file)
    entries.cache_clear()
    try:
        entries()
    except UsageError:
        own.take_back(module)
        raise
    return own.variants(module)


def entry(name: str) -> Entry:
    """The entry called `name`. Raises `UsageError` with the nearest names."""
    if not isinstance(name, str):
        raise UsageError(f"a network is given by its name or its config, got {name!r}")
    try:
        return entries()[choose("model", name, entries())]
    except UsageError as error:
        raise UsageError(f"{error} (`keras-dl list` shows all)") from None


def config_class(family: str) -> type[Config]:
    """The config class of a family. Raises `UsageError` for an unknown one."""
    classes = {entry.family: type(entry.config) for entry in entries().values()}
    try:
        return classes[choose("family", family, classes)]
    except UsageError as error:
        if ":" in str(family):
            words = f"{family} is a HyperModel; keras_dl.search.load imports its module and builds it"
            raise UsageError(words) from None
        raise UsageError(f"{error} (if it is your own: --networks {family}.py)") from None


def list_models(
    pattern: str = "*",
    *,
    task: str | None = None,
    family: str | None = None,
    min_parameters: int | None = None,
    max_parameters: int | None = None,
) -> list[str]:
    """The sorted names of the catalogue that match a glob `pattern`, a task, a family and a range of parameters.

    Nothing heavy is imported. Raises `UsageError` for an unknown task or family, and for what is no text or number.
    """
    checked("pattern", pattern, str)
    checked("min_parameters", min_parameters, int | None)
    checked("max_parameters", max_parameters, int | None)
    if task is not None:
        choose("task", task, {entry.task for entry in entries().values()})
    if family is not None:
        config_class(family)
    return [
        entry.name
        for entry in entries().values()
        if fnmatch.fnmatchcase(entry.name, pattern)
        and task in (None, entry.task)
        and family in (None, entry.family)
        and (min_parameters is None or entry.parameters >= min_parameters)
        and (max_parameters is None or entry.parameters <= max_parameters)
    ]


def get_config(name: str | Config, **changes) -> Config:
    """The config called `name`, with some fields changed; a config passes through.

    Raises `UsageError` with the nearest matches for an unknown name or field, or for a value that cannot be built.
    """
    config = name if isinstance(name, Config) else entry(name).config
    return config.replace(**changes)


def read_config(text: str) -> Config:
    """The config that `Config.to_json` wrote. Raises `UsageError` for unknown families or fields and for bad values."""
    try:
        fields = strict_json.parse(text, "it")
        family = fields.pop("family")
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise UsageError(f"not the JSON of a config: {str(text)[:60]!r} ({error})") from None
    return config_class(family)().replace(**fields)
