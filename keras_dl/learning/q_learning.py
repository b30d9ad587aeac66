"""A network of action values that learns from a buffer of transitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_dl.lazy import keras, tf
from keras_dl.learning.learner import Learner

if TYPE_CHECKING:
    from keras_dl.tasks.deep_q_learning import DeepQLearning

ops = keras.ops


class QLearner(Learner):
    """Trains `network`, states (batch, numbers) -> values (batch, actions); `target`, of the same config, follows it.

    The target begins as the network, and moves towards it after every `task.target_every` steps.

    `replay` holds a transition in each row: the state, the next state, the number of the action, the reward, and 1 if
    the episode terminated. Of `stored` transitions the newest are there. x are first states, for "q" alone.
    """

    losses_named = ("td_loss",)
    logged = ("q",)

    def __init__(self, network: keras.Model, target: keras.Model, task: DeepQLearning, seed: int):
        super().__init__(network)
        self.task, self.seed = task, seed
        self.target = target
        self.target.set_weights(network.get_weights())
        self.target.trainable = False
        self.numbers = network.inputs[0].shape[1]
        self.replay = self.add_weight(
            shape=(task.buffer, 2 * self.numbers + 3), initializer="zeros", trainable=False, name="replay"
        )
        self.stored = self.add_weight(shape=(), initializer="zeros", dtype="int64", trainable=False, name="stored")
        self.seeds = keras.random.SeedGenerator(seed)

    def callbacks(self, data):
        from keras_dl.learning.acting import Acting

        return [Acting(self, data.spec.name)]

    def store(
        self,
        states: np.ndarray,
        following: np.ndarray,
        actions: np.ndarray,
        rewards: np.ndarray,
        terminated: np.ndarray,
    ) -> None:
        """Put transitions into the buffer, the oldest make room: states (n, numbers), all else (n,)."""
        rows = np.column_stack([states, following, actions, rewards, terminated]).astype("float32")
        places = (int(self.stored.numpy()) + np.arange(len(rows))) % self.task.buffer
        self.replay.value.scatter_nd_update(places[:, None], rows)
        self.stored.value.assign_add(len(rows))

    def train_step(self, data):
        logs = super().train_step(data)
        now = self.optimizer.iterations % self.task.target_every == 0
        share = ops.where(now, self.task.target_rate, 0.0)
        for theirs, ours in zip(self.target.weights, self.network.weights, strict=True):
            theirs.assign_add(share * (ours - theirs))
        return logs

    def named_losses(self, x, y, outputs, weights, training):
        there = ops.cast(ops.clip(self.stored, 1, self.task.buffer), "int32")
        chosen = keras.random.randint((ops.shape(x)[0],), 0, there, dtype="int32", seed=self.seeds)
        rows = tf.gather(self.replay.value, chosen)  # ops.take would copy the buffer
        states, following, (action, reward, terminated) = (
            rows[:, : self.numbers],
            rows[:, self.numbers : -3],
            ops.unstack(rows[:, -3:], axis=1),
        )
        values = ops.cast(self.network(states, training=training), "float32")
        taken = ops.sum(values * ops.one_hot(ops.cast(action, "int32"), values.shape[-1]), axis=1)
        future = ops.max(ops.cast(self.target(following, training=False), "float32"), axis=1)
        goal = ops.stop_gradient(reward + self.task.discount * (1 - terminated) * future)
        error = ops.abs(taken - goal)
        squares = ops.square(error) / 2
        return {"td_loss": ops.mean(ops.where(error < 1, squares, error - 0.5) if self.task.huber else squares)}

    def measures(self, x, y, outputs, weights):
        return {"q": ops.mean(ops.max(ops.cast(outputs, "float32"), axis=1))}

    def test_step(self, data):
        """The worth of first states: there is nothing to replay."""
        x, _, weights = keras.utils.unpack_x_y_sample_weight(data)
        values = ops.cast(self.network(x, training=False), "float32")
        self.means["q"].update_state(ops.max(values, axis=1), sample_weight=weights)
        return {"q": self.means["q"].result()}
