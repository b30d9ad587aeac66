"""Deep Q-learning: an agent that learns a toy, its loss by the definition, and where it goes on."""

import gymnasium
import keras
import numpy as np
import pytest
from jobs import JOBS

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.environments import make, play
from keras_dl.learning.acting import Acting
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training

CORRIDOR, CUT = "gymnasium:keras_dl/Corridor-v0", "gymnasium:keras_dl/Endless-v0"


class Corridor(gymnasium.Env):
    """Five places in a row, -1 for every action; the fifth is the end, and action 1 leads there."""

    observation_space = gymnasium.spaces.Discrete(5)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = int(self.np_random.integers(4))
        return self.place, {}

    def step(self, action):
        self.place = max(0, self.place + (1 if action else -1))
        return self.place, -1.0, self.place == 4, False, {}


gymnasium.register("keras_dl/Corridor-v0", Corridor, max_episode_steps=20)
gymnasium.register("keras_dl/Endless-v0", Corridor)


def a_training(folder, name=CORRIDOR, options=None, **changes):
    task = get_task("deep_q_learning", **{"environments": 2, "learning_starts": 64, **changes})
    config, data = task.adapt(get_config("mlp", hidden=(16,)), load(name))
    splits = {part: getattr(data, part).take(range(20 if part != "train" else 1600)) for part in ("train", "test")}
    data = type(data)(spec=data.spec, validation=splits["test"], **splits)
    options = options or Options(epochs=3, batch_size=16, learning_rate=1e-2)
    return Training(build(config, options), config, task, data, options, folder, verbose=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    training = a_training(tmp_path_factory.mktemp("q"), exploration=400)
    training.rows = training.run()
    return training


def test_it_finds_the_shortest_way_and_what_it_is_worth(trained):
    found = trained.evaluate(trained.data.test)
    lengths = 4 - trained.data.test.columns["states"].values.argmax(axis=1)
    assert found["return"] == -lengths.mean()
    worth = [-(1 - 0.99**length) / (1 - 0.99) for length in lengths]
    assert found["q"] == pytest.approx(np.mean(worth), abs=0.1)
    assert trained.rows[0].keys() >= {"td_loss", "q", "return", "val_return", "val_q"}
    assert "val_loss" not in trained.rows[0]


def test_answers_are_actions_with_their_values(trained):
    answers = trained.task.answers(trained.network, trained.config, {"states": np.eye(5)[:4]}, trained.data.spec)
    assert [answer["action"] for answer in answers] == [1, 1, 1, 1]
    assert answers[3]["values"][1] == pytest.approx(-1, abs=0.1)


@pytest.mark.parametrize("huber", [False, True])
def test_the_loss_is_that_of_the_definition(tmp_path, huber):
    training = a_training(tmp_path, buffer=6, discount=0.9, huber=huber)
    training.prepare()
    learner = training.learner
    generator = np.random.default_rng(0)
    states, following = generator.normal(size=(2, 8, 5)).astype("float32")
    actions, rewards, terminated = np.arange(8) % 2, np.array([-3.0, 0, 1, 0.1, 5, 0, 0, 2]), np.arange(8) % 3 == 0
    learner.store(states[:4], following[:4], actions[:4], rewards[:4], terminated[:4])
    learner.store(states[4:], following[4:], actions[4:], rewards[4:], terminated[4:])
    assert np.array_equal(learner.replay[:, :5], states[[6, 7, 2, 3, 4, 5]])  # the two oldest made room
    kept = np.array([6, 7, 2, 3, 4, 5])
    values, older = learner.network(states[kept]).numpy(), learner.target(following[kept]).numpy()
    goal = rewards[kept] + 0.9 * (1 - terminated[kept]) * older.max(axis=1)
    error = np.abs(values[np.arange(6), actions[kept]] - goal)
    losses = np.where(error < 1, error**2 / 2, error - 0.5) if huber else error**2 / 2
    assert (error > 1).sum() > 1
    learner.seeds = keras.random.SeedGenerator(5)
    found = learner.named_losses(states[:4], None, None, None, True)["td_loss"]
    drawn = keras.random.randint((4,), 0, 6, seed=keras.random.SeedGenerator(5)).numpy()
    assert float(found) == pytest.approx(losses[drawn].mean(), rel=1e-5)
    assert not learner.target.trainable_variables


def test_the_target_follows_the_network(tmp_path):
    training = a_training(tmp_path, target_every=3, target_rate=0.25)
    training.prepare()
    learner, network = training.learner, training.network
    learner.compile(optimizer=keras.optimizers.SGD(0.1))
    x, expected = np.eye(5)[:4].astype("float32"), [weight.numpy() for weight in network.weights]
    generator = np.random.default_rng(0)
    learner.store(*generator.normal(size=(2, 8, 5)), np.arange(8) % 2, np.ones(8), np.zeros(8))
    for step in range(1, 8):
        learner.train_on_batch(x, np.zeros(4))
        if step % 3 == 0:
            expected = [
                old + 0.25 * (weight.numpy() - old) for old, weight in zip(expected, network.weights, strict=True)
            ]
        for old, weight in zip(expected, learner.target.weights, strict=True):
            np.testing.assert_allclose(weight, old, rtol=1e-5, atol=1e-7)
    assert any(np.abs(old - weight).max() > 1e-3 for old, weight in zip(expected, network.weights, strict=True))


def test_a_truncated_episode_has_a_future_a_terminated_one_has_none(tmp_path):
    training = a_training(tmp_path, learning_starts=400)
    training.prepare()
    acting = Acting(training.learner, CORRIDOR)
    for _ in range(200):
        acting._act(epsilon=1.0)
    rows = training.learner.replay.numpy()[: int(training.learner.stored)]
    at_the_end = rows[:, 5:10].argmax(axis=1) == 4
    assert np.array_equal(rows[:, -1] == 1, at_the_end) and at_the_end.any()
    assert (rows[:, -2] == -1).all() and len(rows) == 400
    assert min(acting._finished) == -20  # some were cut


def test_an_agent_goes_on_in_the_episode_where_it_stood(tmp_path):
    training = a_training(tmp_path, "gymnasium:CartPole-v1")
    training.prepare()
    one, other = (Acting(training.learner, "gymnasium:CartPole-v1") for _ in range(2))
    for _ in range(37):
        one._act(epsilon=0.5)
    other.set_state(one.get_state())
    for _ in range(30):
        one._act(epsilon=0.5)
        other._act(epsilon=0.5)
    assert np.array_equal(one._states, other._states) and one.get_state()["episodes"] == other.get_state()["episodes"]
    assert list(one._finished) == list(other._finished) and len(one._finished) > 2


def test_an_environment_that_stands_elsewhere_is_refused(tmp_path):
    training = a_training(tmp_path)
    training.prepare()
    acting = Acting(training.learner, CORRIDOR)
    acting.on_train_batch_begin(0)
    state = acting.get_state()
    acting.set_state(state)
    with pytest.raises(UsageError, match="does not go where it went before from the same seeds and actions"):
        acting.set_state({**state, "states": state["states"] + 1})


def test_an_environment_is_data():
    data = load("gymnasium:CartPole-v1")
    assert data.spec.counts == {"train": 50_000, "validation": 20, "test": 100}
    assert (data.spec.shape, data.spec.outputs, data.spec.kind) == ((4,), 2, "states")
    seeds = [set(split.columns["episode"].values) for split in (data.train, data.validation, data.test)]
    assert not set.intersection(*seeds) and len(seeds[2]) == 100
    first, _ = make("gymnasium:CartPole-v1").reset(seed=int(data.test.columns["episode"].values[7]))
    assert np.array_equal(data.test.columns["states"].values[7], first)


def test_episodes_are_played_to_their_end():
    right = play(CORRIDOR, lambda states: np.ones(len(states), int), [1, 2, 3])
    starts = [make(CORRIDOR).reset(seed=seed)[0].argmax() for seed in (1, 2, 3)]
    assert right.tolist() == [start - 4 for start in starts]
    assert play(CORRIDOR, lambda states: np.zeros(len(states), int), [1]) == [-20]
    assert play(CUT, lambda states: np.zeros(len(states), int), [1]) == [-1000]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gymnasium:CartPol-v1", "gymnasium:CartPol-v1 cannot be made"),
        ("gymnasium:Pendulum-v1", r"has actions Box\(.*wanted is one of several"),
    ],
)
def test_environments_that_do_not_fit_are_refused(name, words):
    with pytest.raises(UsageError, match=words) as error:
        load(name)
    assert "\n" not in str(error.value)


def test_what_does_not_go_together_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"deep_q_learning needs a column of states; digits has image \(image\), lab"):
        get_task("deep_q_learning").adapt(get_config("mlp"), load("digits"))
    with pytest.raises(UsageError, match="acts between the steps"):
        a_training(tmp_path, options=Options(epochs=1, steps_per_execution=4)).run()
    config, task, data, _ = JOBS["deep_q_learning"]()
    with pytest.raises(UsageError, match="acts in states of shape"):
        task.encoded(config, load(CORRIDOR), data.spec)
