"""The next-step predictor: its size, and that no step is told from what follows it."""

import numpy as np
import pytest
from plain_numpy import random_weights

import keras_dl


def test_it_is_as_large_as_published():
    layers = {layer.name: layer.parameters for layer in keras_dl.describe("next_step_predictor").layers}
    assert (layers["stage1"], layers["head"]) == (18_816, 2_080)
    assert keras_dl.get_config("next_step_predictor").build().count_params() == 20_896
    width, numbers = 64, 32
    assert 3 * width * (width + numbers + 2) + (width + 1) * numbers == 20_896


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_the_future_changes_nothing_before_it(cell):
    model = keras_dl.get_config("next_step_predictor", cell=cell, series=(7, 3), units=5, layers=2).build()
    random_weights(model)
    series = np.random.default_rng(0).normal(size=(2, 7, 3)).astype("float32")
    changed = series.copy()
    changed[:, 4:] = 9
    before, after = (model(x).numpy() for x in (series, changed))
    np.testing.assert_allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert np.abs(before[:, 4:] - after[:, 4:]).min(axis=(0, 2)).max() > 1e-3


def test_the_gru_is_that_of_the_definition():
    """cuDNN's form: the reset gate is of what the recurrent kernel gives, which has a bias of its own."""
    model = keras_dl.get_config("next_step_predictor", series=(6, 3), units=4).build()
    weights = random_weights(model)
    kernel, recurrent, bias = (weights[f"stage1/gru_cell/{part}"] for part in ("kernel", "recurrent_kernel", "bias"))

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    series = np.random.default_rng(1).normal(size=(6, 3))
    state, expected = np.zeros(4), []
    for step in series:
        update, reset, new = np.split(step @ kernel + bias[0], 3)
        update_state, reset_state, new_state = np.split(state @ recurrent + bias[1], 3)
        keep = sigmoid(update + update_state)
        state = keep * state + (1 - keep) * np.tanh(new + sigmoid(reset + reset_state) * new_state)
        expected.append(state @ weights["head/kernel"] + weights["head/bias"])
    np.testing.assert_allclose(model(series[None].astype("float32"))[0], expected, rtol=1e-4, atol=1e-5)
