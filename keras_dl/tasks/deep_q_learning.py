"""Deep Q-learning: what each action is worth in a state, learned from what an agent does and replayed.

Mnih et al., "Human-level control through deep reinforcement learning", Nature 518, 2015. Transitions go into a buffer,
of which each step replays a batch: the value of an action is to become reward + discount * (1 - terminated) * the
largest value of the next state, as a network of older weights, the target, has it. An episode that was truncated has a
next state, and so a future. The paper copies the network into the target now and then; by default it follows the
network at every step, as in Lillicrap et al., "Continuous control with deep reinforcement learning", ICLR 2016. The
paper clips rewards and the error; by default the error is squared, whatever the size of rewards.

Before each step the agent acts once in each of several environments: at random with probability epsilon, which falls
with the number of actions, otherwise as it holds best. "return" is that of greedy play: the mean over the episodes of
a split, each the sum of its rewards; in training, over the last 100 episodes as they were played. "q" is the mean worth
of first states to the agent, the return it expects, discounted.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.fields import Bounds, Count, Share, up_to
from keras_dl.lazy import keras
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import Task

Discount = Annotated[float, Bounds("between 0 and 1", lambda value: 0 <= value <= 1)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeepQLearning(Task):
    """Tell what each action is worth."""

    objective = Objective("return", "max")
    wants = (("states",),)
    scored_each_epoch = True

    environments: Count = 32
    """in which the agent acts once before each step"""
    discount: Discount = 0.99
    """what a reward is worth that comes an action later"""
    buffer: Count = 20_000
    """transitions that are kept to be replayed, the newest"""
    learning_starts: Count = 1_000
    """actions at random before the first step"""
    exploration: Count = 10_000
    """actions in which epsilon falls from 1 to its end"""
    epsilon: Share = 0.1
    """the end of epsilon, the probability of an action at random"""
    target_every: Count = 1
    """steps after which the target moves towards the network"""
    target_rate: Annotated[float, up_to(1)] = 0.1
    """the part of the way that it moves; 1 copies the network"""
    huber: bool = False
    """whether errors above 1 count by their absolute value, as in the paper, in place of their square"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if like is not None and (data.spec.shape, data.spec.outputs) != (like.shape, like.outputs):
            raise UsageError(
                f"the model acts in states of shape {like.shape} by {like.outputs} actions; {data.spec.name} has "
                f"{data.spec.shape} and {data.spec.outputs}"
            )
        return data

    def inputs(self, batch):
        return {name: values for name, values in batch.items() if name != "episode"}

    def prepare(self, batch, key):
        return self.inputs(batch), batch["episode"]

    def example(self, network, count):
        x, _ = super().example(network, count)
        return x, np.zeros(count, "int64")

    def learner(self, network, config, options):
        from keras_dl.learning.q_learning import QLearner

        if keras.backend.backend() != "tensorflow":
            raise UsageError(f"{self.name} keeps what it replays in a buffer that needs KERAS_BACKEND=tensorflow")
        if options.steps_per_execution > 1 or options.strategy:
            raise UsageError(f"{self.name} acts between the steps; leave steps_per_execution and strategy out")
        return QLearner(network, config.build(), self, options.seed)

    def scores(self, network, config, split, spec):
        from keras_dl.environments import play
        from keras_dl.learning.acting import greedy

        returns = play(spec.name, greedy(network), np.unique(split.columns["episode"].values))
        return {"return": float(returns.mean()), "return_deviation": float(returns.std())}

    def answers(self, network, config, inputs, spec):
        values = self.outputs(network, inputs)
        return [{"action": int(row.argmax()), "values": row.tolist()} for row in values]
