"""The captioner: its sizes, the picture once before the first word, the LSTM by its definition, causality."""

import numpy as np
import pytest
from plain_numpy import random_weights

import keras_dl
from keras_dl import UsageError


def test_they_are_as_large_as_published():
    assert keras_dl.describe("image_captioner").parameters == 15_447_776
    assert 2048 * 512 + 12_000 * 512 + 2_099_200 + 513 * 12_000 == 15_447_776
    whole = keras_dl.describe("image_captioner_inception_v3")
    assert whole.parameters == 37_250_560 == 15_447_776 + 21_802_784
    assert whole.parameters - whole.trainable_parameters == 37_250_560 - 37_216_128


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_picture_is_fed_once_before_the_first_word():
    config = keras_dl.get_config("image_captioner", input_shape=(4,), vocabulary_size=9, target_length=5, width=3)
    model = config.build()
    by_end = {"/".join(path.split("/")[-2:]): value for path, value in random_weights(model).items()}
    kernel, recurrent, bias = (by_end[f"lstm_cell/{part}"] for part in ("kernel", "recurrent_kernel", "bias"))
    features = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    tokens = np.random.default_rng(1).integers(1, 9, (2, 5)).astype("int32")
    logits = model({"features": features, "target_token_ids": tokens}).numpy()
    for row in range(2):
        state = cell = np.zeros(3)
        inputs = [features[row] @ by_end["encoder_map/kernel"], *by_end["decoder_embedding/embeddings"][tokens[row]]]
        for place, x in enumerate(inputs):
            enter, forget, new, leave = np.split(x @ kernel + state @ recurrent + bias, 4)
            cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(new)
            state = sigmoid(leave) * np.tanh(cell)
            if place:
                expected = state @ by_end["decoder_head/kernel"] + by_end["decoder_head/bias"]
                np.testing.assert_allclose(logits[row, place - 1], expected, rtol=1e-4, atol=1e-5)


def test_no_token_is_told_from_itself_or_what_follows():
    config = keras_dl.get_config("image_captioner", input_shape=(4,), vocabulary_size=9, target_length=5, width=3)
    model = config.build()
    random_weights(model)
    features, tokens = np.ones((1, 4), "float32"), np.array([[2, 4, 5, 6, 7]], "int32")
    changed = tokens.copy()
    changed[:, 3:] = 8
    before, after = (model({"features": features, "target_token_ids": one}).numpy() for one in (tokens, changed))
    np.testing.assert_allclose(before[:, :3], after[:, :3], atol=1e-6)
    other = model({"features": -features, "target_token_ids": tokens}).numpy()
    assert np.abs(before - after)[:, 3:].max() > 1e-3 and np.abs(before - other)[:, 0].max() > 1e-3


def test_pictures_need_a_trunk():
    with pytest.raises(UsageError, match="without a trunk takes features of pictures; for pictures choose trunk: ince"):
        keras_dl.get_config("image_captioner", input_shape=(32, 32, 3))
    with pytest.raises(UsageError, match="too small for this inception_v3"):
        keras_dl.get_config("image_captioner_inception_v3", input_shape=(32, 32, 3))
    trunk = keras_dl.get_config("image_captioner", trunk="resnet18")
    assert trunk.input_shape == (224, 224, 3)
    assert keras_dl.describe(trunk.replace(input_shape=(64, 64, 3))).parameters > 11_000_000
