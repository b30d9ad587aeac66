"""Options that would do nothing together, or with so little data, are refused or told in one line."""

import keras
import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.augment.by_name import by_name
from keras_dl.data import load
from keras_dl.tasks import get_task
from keras_dl.training import Options, build, fit
from keras_dl.training.checks import check_length, check_model, tell_idle
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


@pytest.mark.parametrize("steps", [2, 6, 41, 999, 5000, 123_456])
def test_the_momentum_that_is_advised_is_taken(steps):
    with pytest.raises(UsageError, match=r"ema_momentum=0\.9999999 averages over") as error:
        check_length(Options(epochs=steps, batch_size=32, ema_momentum=0.9999999), 32)
    advised = float(str(error.value).partition("at most ")[2].partition(",")[0])
    assert advised > 1 - 1.5 / steps
    check_length(Options(epochs=steps, batch_size=32, ema_momentum=advised), 32)


def test_enough_steps():
    check_length(Options(epochs=2, batch_size=32, ema_momentum=0.8, gradient_accumulation_steps=1 + 1), 320)
    check_length(Options(epochs=4, batch_size=32, schedule="step", ema_momentum=0.75), 30)


def test_a_batch_larger_than_the_data_is_told(capsys):
    check_length(Options(batch_size=4096), 143)
    assert "batch_size=4096 is more than the 143 examples; each step takes all of them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"nesterov": False}, "nesterov=False with optimizer=adam changes nothing"),
        ({"weight_decay_on": "all"}, "weight_decay_on=all without weight_decay changes nothing"),
        ({"warmup": 0.1}, "warmup=0.1 with schedule=constant changes nothing"),
        ({"beta_2": 0.98, "optimizer": "sgd"}, "beta_1 and beta_2 with optimizer=sgd changes nothing"),
        ({"ema_momentum": 0}, "ema_momentum=0 changes nothing"),
    ],
)
def test_an_option_that_does_nothing_is_told(capsys, options, words):
    tell_idle(Options(**options))
    assert words in capsys.readouterr().err


def test_options_that_do_something_are_not_told(capsys):
    tell_idle(Options(optimizer="momentum", nesterov=False, weight_decay_on="all", weight_decay=0.1))
    tell_idle(Options(schedule="cosine", warmup=0.1))
    tell_idle(Options(schedule="inverse_sqrt", warmup=0.1, beta_2=0.98))
    assert not capsys.readouterr().err


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
        (4, "", "folder must be a path, got ''"),
        (4, "/dev/null/x", "no training can be in '/dev/null/x': Not a directory"),
        (4, "a\0b", "folder must be"),
        (4, "x" * 300, "File name too long"),
        (4, "\udcff", "folder must be UTF-8"),
    ],
)
def test_arguments_of_other_types(digits, tmp_path, monkeypatch, place, value, words):
    monkeypatch.chdir(tmp_path)
    options = Options(epochs=1)
    config = get_config("linear_softmax").for_data(digits.spec)
    arguments = [config.build(), config, digits, options, tmp_path]
    arguments[place] = value
    with pytest.raises(UsageError) as error:
        fit(*arguments, verbose=0)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"callbacks": keras.callbacks.Callback()}, "callbacks must be a list of keras.callbacks.Callback, got <"),
        (
            {"callbacks": [keras.callbacks.Callback]},
            "must be a list of keras.callbacks.Callback, got [<class",
        ),
        ({"augment": "flip"}, "augment must be a function, got 'flip'"),
        ({"mix": 3}, "mix must be a function, got 3"),
        ({"verbose": "loud"}, "verbose must be 0, 1, 2 or 'auto', got 'loud'"),
        ({"augment": lambda x, key: x[:, :4]}, "must keep the shape (8, 8, 1) of an input, they make (4, 8, 1) of it"),
        ({"mix": lambda x, y, key: x}, "mix must return pictures and labels, as (x, y)"),
    ],
)
def test_callbacks_and_changes_that_are_none(digits, tmp_path, arguments, words):
    config, options = get_config("linear_softmax").for_data(digits.spec), Options(epochs=1)
    with pytest.raises(UsageError) as error:
        fit(config.build(), config, digits, options, tmp_path, **{"verbose": 0, **arguments})
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda config: keras.Sequential([keras.layers.Dense(10)]), "has no inputs and outputs yet; build it by"),
        (lambda config: config.replace(input_shape=(784,)).build(), "(784,), those of digits have (8, 8, 1); `config."),
        (lambda config: config.replace(classes=3).build(), "mlp has 3 outputs, its config says classes=10"),
        (lambda config: config.replace(hidden=(8,)).build(), "mlp has 610 parameters, this mlp 650: it is another"),
        (lambda config: with_two_outputs(config.build()), "mlp has 2 outputs; this training takes one, or a dict"),
    ],
)
def test_another_network_than_that_of_the_config(digits, tmp_path, other, words):
    config, options = get_config("linear_softmax").for_data(digits.spec), Options(epochs=1)
    with pytest.raises(UsageError) as error:
        fit(other(config), config, digits, options, tmp_path, verbose=0)
    assert words in str(error.value)


def with_two_outputs(model):
    return keras.Model(model.input, [model.output, model.output], name="mlp")


def test_tokens_are_not_dropped_as_numbers(tmp_path):
    config, options = get_config("kim_cnn", vocabulary_size=9, length=4), Options(input_dropout=0.1)
    with pytest.raises(UsageError, match="input_dropout sets numbers to 0, kim_cnn takes tokens; use its own dropout"):
        check_model(config.build(), config, options)


@pytest.mark.parametrize("task", ["rotation", "contrastive", "adversarial_training"])
def test_labels_are_mixed_only_where_classes_are_told(digits, tmp_path, task):
    task, options = get_task(task), Options(epochs=1)
    config, data = task.adapt(get_config("resnet20", blocks=1, filters=4), digits)
    mix = by_name(("mixup",), data.spec)["mix"]
    with pytest.raises(UsageError, match="does not learn from mixed labels; leave mixup and cutmix out"):
        fit(build(config, options), config, data, options, tmp_path, task=task, mix=mix, verbose=0)
