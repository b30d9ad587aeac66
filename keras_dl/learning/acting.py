"""An agent that acts between the steps of its training, and goes on where it stood."""

from __future__ import annotations

import collections
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from keras_dl.decoding.program import compiled
from keras_dl.environments import make
from keras_dl.errors import UsageError
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.learning.q_learning import QLearner

LAST = 100
"""episodes whose mean return is logged"""


def greedy(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """The function of states (n, numbers) that gives the action which `network` holds best in each, (n,)."""
    best = compiled(lambda states: keras.ops.argmax(network(states, training=False), axis=-1), network)
    return lambda states: keras.ops.convert_to_numpy(best(states))


class Acting(keras.callbacks.Callback):
    """Acts for `learner` in environments called `name` before each step, and fills its buffer before the first.

    Seeds of episodes and of actions at random follow from the seed of the learner, the number of the environment and
    that of the episode or decision. So the state is how many decisions there were, and of each environment which
    episode it is in and what was done in it, which is done again on going on. An
    environment that then stands elsewhere is refused, by `UsageError`.
    """

    def __init__(self, learner: QLearner, name: str):
        super().__init__()
        self._learner, self._task, self._name = learner, learner.task, name
        self._best = greedy(learner.network)
        self._environments = [make(name) for _ in range(self._task.environments)]
        self._warm_up = math.ceil(self._task.learning_starts / self._task.environments)
        self._decisions = 0
        self._finished: collections.deque[float] = collections.deque(maxlen=LAST)
        self._episodes = [0] * len(self._environments)
        self._begin_all()

    def get_state(self):
        return {
            "decisions": self._decisions,
            "finished": list(self._finished),
            "episodes": self._episodes,
            "done": [np.array(done, "int32") for done in self._done],
            "states": np.stack(self._states),
        }

    def set_state(self, state):
        self._decisions = state["decisions"]
        self._finished = collections.deque(state["finished"], maxlen=LAST)
        self._episodes = list(state["episodes"])
        self._begin_all()
        for place, actions in enumerate(state["done"]):
            for action in actions:
                self._step(place, int(action))
        if not np.array_equal(np.stack(self._states), state["states"]):
            raise UsageError(
                f"{self._name} does not go where it went before from the same seeds and actions, so this training "
                "cannot go on; begin it anew in another folder"
            )

    def on_train_batch_begin(self, batch, logs=None):
        while self._decisions < self._warm_up:
            self._act(epsilon=1.0)
        passed = min(1.0, self._decisions * len(self._environments) / self._task.exploration)
        self._act(epsilon=1 + passed * (self._task.epsilon - 1))

    def on_epoch_end(self, epoch, logs=None):
        logs["return"] = float(np.mean(self._finished or self._returns))

    def _act(self, epsilon: float) -> None:
        """One action in each environment; those whose episode is over begin the next."""
        generator = np.random.default_rng([self._learner.seed, self._decisions])
        count = len(self._environments)
        states = np.stack(self._states)
        random = generator.integers(self._learner.network.output_shape[-1], size=count)
        actions = np.where(generator.random(count) < epsilon, random, self._best(states))
        ends = [self._step(place, int(action)) for place, action in enumerate(actions)]
        rewards, terminated, truncated = map(np.array, zip(*ends, strict=True))
        self._learner.store(states, np.stack(self._states), actions, rewards, terminated)
        for place in np.flatnonzero(terminated | truncated):
            self._finished.append(self._returns[place])
            self._episodes[place] += 1
            self._begin(place)
        self._decisions += 1

    def _step(self, place: int, action: int) -> tuple[float, bool, bool]:
        """The reward of `action`, and whether the episode was terminated or truncated by it."""
        self._states[place], reward, terminated, truncated, _ = self._environments[place].step(action)
        self._done[place].append(action)
        self._returns[place] += float(reward)
        return float(reward), bool(terminated), bool(truncated)

    def _begin_all(self) -> None:
        count = len(self._environments)
        self._states: list[np.ndarray] = [np.empty(0)] * count
        self._done: list[list[int]] = [[] for _ in range(count)]
        self._returns = [0.0] * count
        for place in range(count):
            self._begin(place)

    def _begin(self, place: int) -> None:
        """Begin the episode of an environment that it is in."""
        numbers = [self._learner.seed, place, self._episodes[place]]
        seed = int(np.random.SeedSequence(numbers).generate_state(1)[0])
        self._states[place], _ = self._environments[place].reset(seed=seed)
        self._done[place], self._returns[place] = [], 0.0
