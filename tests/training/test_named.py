"""Callbacks and metrics of one's own, by name and by the API, and what callbacks remember over a resume."""

import collections

import keras
import numpy as np
import pytest

from keras_dl import UsageError, fit, get_config
from keras_dl.data import load
from keras_dl.training import Options, build, named
from keras_dl.training.callback_state import CallbackState


class Remembering(keras.callbacks.Callback):
    """Counts the steps in things of all kinds."""

    def __init__(self):
        super().__init__()
        self.seen, self.steps, self.losses = {"steps": 0}, np.zeros(2), collections.deque(maxlen=3)

    def on_train_batch_end(self, batch, logs=None):
        self.seen["steps"] += 1
        self.steps += 1
        self.losses.append(float(logs["loss"]))

    def get_state(self):
        return {"seen": self.seen, "steps": self.steps, "losses": list(self.losses)}

    def set_state(self, state):
        self.seen, self.steps = state["seen"], state["steps"]
        self.losses = collections.deque(state["losses"], maxlen=3)


class Silent(Remembering):
    """The same without a word."""

    get_state = set_state = property()


class Idle(keras.callbacks.Callback):
    """Has nothing to remember."""


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def train(digits, folder, epochs, **arguments):
    config, options = get_config("linear_softmax").for_data(digits.spec), Options(epochs=epochs)
    return fit(build(config, options), config, digits, options, folder, verbose=0, **arguments)


def test_what_a_callback_says_it_is_told_again(digits, tmp_path):
    whole, first, second = Remembering(), Remembering(), Remembering()
    train(digits, tmp_path / "whole", 3, callbacks=[whole, Idle()])
    train(digits, tmp_path / "part", 2, callbacks=[first, Idle()])
    train(digits, tmp_path / "part", 3, callbacks=[second, Idle()])
    assert second.seen == whole.seen == {"steps": 3 * 41}
    np.testing.assert_array_equal(second.steps, whole.steps)
    assert second.losses == whole.losses


def test_one_that_cannot_say_its_state_does_not_go_on(digits, tmp_path):
    state = CallbackState([callback := Silent()])
    assert state.capture() == ([{"said": {}}], {})
    callback.seen["steps"] = 5
    assert state.capture()[0] == [{"unsaid": ["seen"]}]
    callback.steps += 1
    callback.losses.append(0.5)
    numbers, tensors = state.capture()
    with pytest.raises(UsageError, match=r"Silent cannot go on: it had changed seen, steps, losses and could not say"):
        CallbackState([Silent()]).restore(numbers, tensors)


def test_another_loss_and_more_metrics(digits, tmp_path):
    rows = train(
        digits,
        tmp_path,
        1,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=named.metrics(["sparse_top_k_categorical_accuracy"]),
    )
    assert rows[0]["val_sparse_top_k_categorical_accuracy"] > rows[0]["val_accuracy"]
    with pytest.raises(UsageError, match=r"holds a training with loss='sparse_categorical_crossentropy', not None"):
        train(digits, tmp_path, 2)


@pytest.mark.parametrize(
    ("function", "name", "words"),
    [
        (named.callbacks, "Quiet", "a callback of your own is module:Name, got 'Quiet'"),
        (named.callbacks, "nothing_here:Quiet", "the module of nothing_here:Quiet cannot be imported: ModuleNotFound"),
        (named.callbacks, "test_named:Remembring", "unknown name in test_named 'Remembring'; did you mean Remembering"),
        (named.callbacks, "test_named:train", "test_named:train is no keras callback but function"),
        (named.metrics, "acuracy", "unknown metric 'acuracy'"),
        (named.metrics, "test_named:Idle", "test_named:Idle is no keras metric but Idle"),
    ],
)
def test_names_of_nothing(function, name, words):
    with pytest.raises(UsageError, match=words):
        function([name])
