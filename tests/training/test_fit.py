"""What a training leaves behind, and when it stops by itself."""

import json

import filelock
import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.training import Options, fit, seed_everything
from keras_dl.training.session import Diverged


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def train(data, folder, *, network="linear_softmax", changes=None, **options):
    options = Options(**options)
    config = get_config(network, **(changes or {})).for_data(data.spec)
    seed_everything(options)
    model = config.build()
    return model, fit(model, config, data, options, folder, verbose=0)


def test_leaves_metrics_curves_logs_and_two_checkpoints(digits, tmp_path):
    _, rows = train(digits, tmp_path, epochs=4)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines == rows
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"} <= rows[0].keys()
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.glob("tensorboard/*/events*"))
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2


def test_recognises_digits(digits, tmp_path):
    _, rows = train(digits, tmp_path, epochs=10, network="mlp")
    assert rows[-1]["val_accuracy"] > 0.93


def test_patience_stops_early_with_the_best_weights(digits, tmp_path):
    model, rows = train(digits, tmp_path, epochs=60, patience=2, learning_rate=0.05, network="mlp")
    losses = [row["val_loss"] for row in rows]
    assert len(rows) < 60
    loss = model.evaluate(digits.validation.batches(32), verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(min(losses), rel=1e-5)
    assert losses[-1] > min(losses)


def test_a_loss_that_is_not_finite_says_when_and_what_to_try(digits, tmp_path):
    with pytest.raises(Diverged, match=r"the loss became (nan|inf) in epoch 1, step \d+; try a smaller learning rate"):
        train(digits, tmp_path, network="mlp", optimizer="sgd", learning_rate=1e30)


def test_cosine_falls_to_zero(digits, tmp_path):
    _, rows = train(digits, tmp_path, epochs=3, schedule="cosine")
    rates = [row["learning_rate"] for row in rows]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-6)


def test_refuses_a_folder_where_another_process_trains(digits, tmp_path):
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(UsageError, match="another process is training"):
        train(digits, tmp_path)


@pytest.mark.parametrize("activation", [None, "softmax", "sigmoid", "tanh"])
def test_every_kind_of_output_learns(digits, tmp_path, activation):
    _, rows = train(digits, tmp_path, epochs=4, changes={"classifier_activation": activation}, learning_rate=0.01)
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["val_accuracy"] > 0.8


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("epochs", 0, "epochs must be at least 1, got 0"),
        ("epochs", -3, "epochs must be at least 1, got -3"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("learning_rate", -0.1, "learning_rate must be above 0"),
        ("learning_rate", float("nan"), "learning_rate must be above 0"),
        ("patience", 0, "patience must be at least 1"),
        ("weight_decay", -1.0, "weight_decay must be at least 0"),
        ("xla", True, "deterministic=False"),
    ],
)
def test_options_that_cannot_train(option, value, words):
    with pytest.raises(UsageError) as error:
        Options(**{option: value})
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_squared_error_equals_its_definition():
    import keras

    from keras_dl.learning.squared_error import OneHotSquaredError

    outputs = np.random.default_rng(0).uniform(-1, 1, (5, 3)).astype("float32")
    labels = np.array([0, 2, 1, 1, 0])
    for low in (0.0, -1.0):
        targets = np.where(np.arange(3) == labels[:, None], 1.0, low)
        loss = OneHotSquaredError(low=low)
        assert float(loss(labels, outputs)) == pytest.approx(((targets - outputs) ** 2).sum(axis=1).mean(), rel=1e-6)
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        assert float(copy(labels, outputs)) == float(loss(labels, outputs))
