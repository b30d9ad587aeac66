"""Three series are foretold by three methods; the equation of Mackey and Glass is that of the paper."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.future_prediction import MAKERS, METHODS, FuturePrediction, linear_series, mackey_glass


def test_the_network_learns_more_than_the_last_value(tmp_path):
    results, claims = short_run(FuturePrediction(out=str(tmp_path), seeds=1, moments=600, steps=150, units=16))
    assert len(claims) == 6
    for series in MAKERS:
        for method in METHODS:
            errors = results.mean("errors", series=series, method=method)
            assert errors.shape == (14,) and errors[0] < errors[-1]
    errors = {method: results.mean("errors", series="mackey_glass", method=method)[0] for method in METHODS}
    assert errors["network"] < 0.5 * errors["last"] and errors["linear"] < errors["last"]


def test_the_series_obey_their_equations():
    generator = np.random.default_rng(0)
    x = linear_series(2000, generator)
    noise = x[2:] - 1.6 * x[1:-1] + 0.8 * x[:-2]
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.06 and noise.std() == pytest.approx(1, abs=0.05)
    chaos = mackey_glass(1000, generator)
    assert 0.2 < chaos.min() < 0.5 and 1.2 < chaos.max() < 1.5
    assert chaos.mean() == pytest.approx(0.93, abs=0.05)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("moments", 100, "moments must be at least 200, got 100"),
        ("window", 0, "window must be at least 1, got 0"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        FuturePrediction(out=str(tmp_path), **{option: value}).run()
