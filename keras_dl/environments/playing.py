"""Whole episodes, played side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from keras_dl.environments.made import make


def play(name: str, act: Callable[[np.ndarray], np.ndarray], seeds: Sequence[int]) -> np.ndarray:
    """The returns (n,), sums of rewards, of an episode of the environment `name` for each of `seeds` (n,).

    `act` takes states (n, numbers) and gives the number of an action for each, (n,). An episode goes on until it is
    terminated or truncated.
    """
    environments = [make(name) for _ in seeds]
    states = np.stack([one.reset(seed=int(seed))[0] for one, seed in zip(environments, seeds, strict=True)])
    returns, going = np.zeros(len(states)), np.ones(len(states), bool)
    while going.any():
        actions = act(states)
        for place in np.flatnonzero(going):
            states[place], reward, terminated, truncated, _ = environments[place].step(int(actions[place]))
            returns[place] += reward
            going[place] = not (terminated or truncated)
    for environment in environments:
        environment.close()
    return returns
