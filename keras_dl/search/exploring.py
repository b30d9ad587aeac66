"""What is known of a user's HyperModel, asked of a child that builds it."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

from keras_dl.catalogue.describe import Description
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule
from keras_dl.search.helper import Helper, Unanswered
from keras_dl.search.user_model import fulfilled

keras_tuner = LazyModule("keras_tuner")
SECONDS = 120
"""for one build without weights, the import of its module included"""


@functools.cache
def helper() -> Helper:
    """The child that runs the user's code, the same one for all questions, so that its module is imported once."""
    return Helper()


@functools.cache
def explored(source: str) -> str:
    """What is known of the HyperModel called `source`, "module:Name", as JSON.

    It is built until each choice was taken and each scope active once. "space" is its space, "looks" the shapes of
    inputs (None where open) and outputs that its models have, "compiled" whether they are. Unlike a tuner's own look
    into conditional scopes this one writes no files, and sees the branches of choices; those that cannot be built are
    left for a candidate to show.

    Raises `UsageError` if there is no such HyperModel, and if nothing of it can be built.
    """
    known, seen, unseen, found = keras_tuner.HyperParameters(), [], [{}], []
    while unseen:
        values = unseen[0]
        try:
            look = helper().ask("keras_dl.search.user_model:look", source, known.get_config(), values, seconds=SECONDS)
        except Unanswered as error:
            look = {"reason": f"build of {source} failed: {error}", "space": {"space": [], "values": {}}}
        space = keras_tuner.HyperParameters.from_config(look["space"])
        known.merge(space, overwrite=False)
        found.append(look)
        seen += [values, *look.get("active", ())]
        wanted = [*unseen, *look.get("inactive", ()), *_choices(space)]
        unseen = [values for values in wanted if values not in seen]
    good = [look for look in found if "reason" not in look]
    if not good:
        raise UsageError(found[0]["reason"])
    looks = []
    for look in good:
        if (shapes := (look["inputs"], look["outputs"])) not in looks:
            looks.append(shapes)
    return json.dumps({"space": known.get_config(), "looks": looks, "compiled": good[0]["compiled"]})


def described(config: Config) -> Description:
    """The sizes of the network that a HyperModel builds for `config`. Raises `UsageError` if it does not."""
    try:
        return helper().ask("keras_dl.search.hypermodel:description", config, seconds=SECONDS)
    except Unanswered as error:
        raise UsageError(f"build of {config.family} failed: {error}") from None


def _choices(space: keras_tuner.HyperParameters) -> Iterator[dict[str, Any]]:
    """For each value of each choice the values that make it so."""
    types = keras_tuner.engine.hyperparameters
    for parameter in space.space:
        if isinstance(parameter, types.Choice | types.Boolean):
            for value in parameter.values:
                yield {**fulfilled(parameter.conditions), parameter.name: value}
