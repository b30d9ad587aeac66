"""A folder goes on with the training that began in it, or with a longer one, and with no other."""

import json
import shutil

import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.training import Options, fit, seed_everything


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def train(data, folder, *, callbacks=(), augment=None, hidden=(8,), **options):
    options = Options(**{"epochs": 1, "batch_size": 128, **options})
    config = get_config("mlp", hidden=hidden).for_data(data.spec)
    seed_everything(options)
    model = config.build()
    return model, fit(model, config, data, options, folder, callbacks=callbacks, augment=augment, verbose=0)


@pytest.fixture(scope="module")
def begun(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("begun")
    train(digits, folder)
    return folder


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"optimizer": "sgd"}, "options.optimizer='adam', not 'sgd'"),
        ({"learning_rate": 0.5}, "options.learning_rate=0.001, not 0.5"),
        ({"batch_size": 64}, "options.batch_size=128, not 64"),
        ({"seed": 3}, "options.seed=0, not 3"),
        ({"hidden": (9,)}, r"network.hidden\[1\]=8, not 9"),
        ({"augment": lambda images, key: images}, "changes="),
        ({"deterministic": False, "xla": True}, "options.deterministic=True, not False"),
    ],
)
def test_another_training_is_refused(digits, begun, changes, words):
    with pytest.raises(UsageError, match=words):
        train(digits, begun, **changes)


@pytest.mark.parametrize("options", [{"seed": 3}, {"seed": 3, "epochs": 2}])
def test_a_checkpoint_of_another_training_is_refused(digits, tmp_path, options):
    train(digits, tmp_path / "this")
    train(digits, tmp_path / "other", **options)
    shutil.copytree(tmp_path / "other" / "checkpoints", tmp_path / "this" / "checkpoints", dirs_exist_ok=True)
    with pytest.raises(UsageError, match="is of another training than the folder that it lies in; remove it"):
        train(digits, tmp_path / "this")


def test_other_data_are_refused(digits, begun):
    with pytest.raises(UsageError, match="the data have changed since the run in"):
        train(load("digits", seed=1), begun)


def test_another_callback_is_refused(digits, begun):
    import keras

    with pytest.raises(UsageError, match="callbacks="):
        train(digits, begun, callbacks=[keras.callbacks.Callback()])


@pytest.mark.parametrize("name", ["training.json", "data.json"])
def test_a_flipped_bit_is_noticed(digits, tmp_path, name):
    train(digits, tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 3] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=f"{name} is damaged"):
        train(digits, tmp_path)


def test_a_training_is_prolonged_to_the_same_bits(digits, tmp_path):
    whole, rows = train(digits, tmp_path / "whole", epochs=4)
    train(digits, tmp_path / "prolonged", epochs=2)
    longer, again = train(digits, tmp_path / "prolonged", epochs=4)
    assert [row["loss"] for row in again] == [row["loss"] for row in rows]
    for ours, theirs in zip(longer.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert json.loads((tmp_path / "prolonged" / "training.json").read_text())["options"]["epochs"] == 4


def test_a_training_is_not_cut(digits, tmp_path):
    train(digits, tmp_path, epochs=2)
    with pytest.raises(UsageError, match="a training of 2 epochs; it can be prolonged, not cut to 1"):
        train(digits, tmp_path)


def test_a_schedule_that_is_stretched_is_told(digits, tmp_path, capsys):
    train(digits, tmp_path, schedule="cosine", epochs=2)
    before = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[0])
    _, rows = train(digits, tmp_path, schedule="cosine", epochs=3)
    assert "the cosine schedule is now that of 3 epochs; what is done followed that of 2" in capsys.readouterr().err
    assert rows[0] == before


def test_a_last_update_that_is_taken_back_is_told(digits, tmp_path, capsys):
    train(digits, tmp_path, gradient_accumulation_steps=4)
    train(digits, tmp_path, gradient_accumulation_steps=4, epochs=2)
    assert "epoch 1 was measured with an update from what batches were left over" in capsys.readouterr().err


def test_a_training_that_stopped_of_itself_is_not_prolonged_without_a_word(digits, tmp_path, capsys):
    options = {"patience": 1, "learning_rate": 0.3, "batch_size": 32}
    _, rows = train(digits, tmp_path, epochs=30, **options)
    assert len(rows) < 30
    _, again = train(digits, tmp_path, epochs=40, **options)
    assert again == rows
    assert f"has stopped of itself after epoch {len(rows)}; it does not go on to 40" in capsys.readouterr().err
