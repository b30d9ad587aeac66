"""An environment of gymnasium by its name: states are vectors of numbers, actions are numbered."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule

if TYPE_CHECKING:
    import gymnasium
else:
    gymnasium = LazyModule("gymnasium")

PREFIX = "gymnasium:"
LONGEST = 1000
"""actions of an episode where the environment itself has no limit: then it is truncated"""


def is_environment(name: str) -> bool:
    """Whether `name` is that of an environment."""
    return name.startswith(PREFIX)


def make(name: str) -> gymnasium.Env:
    """The environment called `name`: its states are float32 (numbers,), its actions whole numbers from 0 on.

    Raises `UsageError` for one that is not registered or lacks a package, for states that are pictures, and for actions
    that are not one of several.
    """
    identifier = name.removeprefix(PREFIX)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of older versions, which are what was asked for
            limit = gymnasium.spec(identifier).max_episode_steps or LONGEST
            environment = gymnasium.make(identifier, max_episode_steps=limit)
    except (gymnasium.error.Error, ImportError) as error:
        raise UsageError(f"{name} cannot be made: {' '.join(str(error).split())}") from None
    states, actions = environment.observation_space, environment.action_space
    if not isinstance(actions, gymnasium.spaces.Discrete) or actions.start != 0:
        raise UsageError(f"{name} has actions {actions}; wanted is one of several, such as Discrete(2)")
    if not states.is_np_flattenable or len(states.shape or ()) > 1:
        raise UsageError(f"{name} has states {states}; wanted are vectors of numbers")
    environment = gymnasium.wrappers.FlattenObservation(environment)
    return gymnasium.wrappers.DtypeObservation(environment, "float32")
