"""The episodes of an environment as data: each is known by its seed, and its first state can be looked at."""

from __future__ import annotations

import importlib.metadata

import numpy as np

from keras_dl.data.dataset import Data
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split
from keras_dl.environments import make

EPISODES = {"train": 256, "validation": 20, "test": 100}
"""whose first states are in a split; those of validation and test are played to measure an agent"""
APART = 1_000_000
"""between the seeds of two splits"""
STEPS = 50_000
"""examples of training: an epoch replays as many transitions"""


def load_environment(name: str) -> Data:
    """The environment called `name`, such as gymnasium:CartPole-v1.

    An example is an episode: "episode", the seed that begins it, and "states", its first state; the classes of this
    column are the actions. Training acts in episodes of its own: its examples are numbers of steps, and their states,
    the same few over and over, tell how much an agent expects. Raises `UsageError` as `make` does.
    """
    environment = make(name)
    splits = {}
    for place, (split, count) in enumerate(EPISODES.items()):
        seeds = APART * place + np.arange(count)
        states = np.stack([environment.reset(seed=int(seed))[0] for seed in seeds])
        splits[split] = Split({"states": states, "episode": seeds})
    splits["train"] = splits["train"].take(np.arange(STEPS) % EPISODES["train"])
    columns = {
        "states": Column(kind="states", shape=states.shape[1:], classes=int(environment.action_space.n)),
        "episode": Column(kind="episode"),
    }
    version = importlib.metadata.version("gymnasium")
    origin = {"kind": "an environment", "name": name, "version": version}
    return Data(spec=Spec(name=name, columns=columns), origin=origin, **splits)
