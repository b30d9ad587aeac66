"""Options that would do nothing together, or with so little data, are refused or told in one line."""

import keras
import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.training import Options, build, fit
from keras_dl.training.checks import check_length
from keras_dl.training.session import Diverged


@pytest.mark.parametrize(
    ("options", "examples", "words"),
    [
        ({"epochs": 2, "gradient_accumulation_steps": 8}, 65, "=8 is more than the 6 steps of this training"),
        ({"epochs": 2, "ema_momentum": 0.99}, 65, "averages over about 100 updates .* makes 6; use at most 0.833"),
        ({"epochs": 2, "ema_momentum": 0.9, "gradient_accumulation_steps": 2}, 200, "this training makes 7"),
        ({"epochs": 1, "schedule": "step"}, 65, "schedule=step needs at least 4 steps, this training has 3"),
    ],
)
def test_too_few_steps(options, examples, words):
    with pytest.raises(UsageError, match=words) as error:
        check_length(Options(batch_size=32, **options), examples)
    assert "\n" not in str(error.value)


def test_enough_steps():
    check_length(Options(epochs=2, batch_size=32, ema_momentum=0.8, gradient_accumulation_steps=1 + 1), 320)
    check_length(Options(epochs=4, batch_size=32, schedule="step", ema_momentum=0.75), 30)


def test_a_batch_larger_than_the_data_is_told(capsys):
    check_length(Options(batch_size=4096), 143)
    assert "batch_size=4096 is more than the 143 examples; each step takes all of them" in capsys.readouterr().err


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def test_a_network_of_which_nothing_learns(digits, tmp_path):
    config, options = get_config("linear_softmax").for_data(digits.spec), Options(freeze=("head",))
    with pytest.raises(UsageError, match="freeze=head leaves no weight of mlp to train"):
        fit(build(config, options), config, digits, options, tmp_path, verbose=0)


class Spoil(keras.callbacks.Callback):
    """Makes a weight NaN after the last loss of an epoch, as an overflow in the optimizer would."""

    def on_train_batch_end(self, batch, logs=None):
        self.model.layers[-1].bias.assign(np.full(10, np.nan))


def test_a_weight_that_is_not_finite_behind_a_loss_that_is(digits, tmp_path):
    config = get_config("linear_softmax").for_data(digits.spec)
    options = Options(epochs=3, batch_size=len(digits.train))
    with pytest.raises(Diverged, match=r"the weight \S+bias is no longer finite after epoch 1; try a smaller learning"):
        fit(build(config, options), config, digits, options, tmp_path, callbacks=[Spoil()], verbose=0)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (0, "mlp", "model must be a keras Model, got 'mlp'"),
        (1, "mlp", "config must be a keras_dl Config, got 'mlp'"),
        (2, "digits", "data must be a keras_dl Data, got 'digits'"),
        (3, {"epochs": 1}, "options must be a keras_dl Options, got"),
        (4, None, "folder must be a path, got None"),
    ],
)
def test_arguments_of_other_types(digits, tmp_path, place, value, words):
    options = Options(epochs=1)
    config = get_config("linear_softmax").for_data(digits.spec)
    arguments = [config.build(), config, digits, options, tmp_path]
    arguments[place] = value
    with pytest.raises(UsageError) as error:
        fit(*arguments, verbose=0)
    assert words in str(error.value)
