"""The acoustic model: its size, stacked frames and outputs by their definition."""

import keras
import numpy as np
from plain_numpy import random_weights

import keras_dl


def test_it_is_as_large_as_published():
    assert keras_dl.describe("speech_dnn_hmm").parameters == 5_650_384
    assert 440 * 1024 + 1024 + 3 * (1024 * 1024 + 1024) + 1024 * 2000 + 2000 == 5_650_384
    least = {"frames": 11, "units": 1000, "classes": 2000}
    assert keras_dl.describe("speech_dnn_hmm", **least).parameters == 441_000 + 3 * 1_001_000 + 2_002_000


def test_every_frame_is_told_from_those_around_it(tmp_path):
    config = keras_dl.get_config("speech_dnn_hmm", series=(6, 4), frames=5, units=7, layers=2, classes=3)
    model = config.build()
    weights = random_weights(model)
    series = np.random.default_rng(1).normal(size=(2, 6, 4)).astype("float32")
    outputs = model(series).numpy()
    for row in range(2):
        for step in range(6):
            seen = [series[row, min(max(step + shift, 0), 5)] for shift in (-2, -1, 0, 1, 2)]
            x = np.concatenate(seen)
            for name in ("stage1", "stage2"):
                x = np.maximum(x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"], 0)
            expected = x @ weights["head/kernel"] + weights["head/bias"]
            np.testing.assert_allclose(outputs[row, step], expected, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras", safe_mode=True)(series), outputs)
