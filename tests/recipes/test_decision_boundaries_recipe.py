"""Decision boundaries: what few neurons cannot do shows in few steps; the problems are those that are named."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.decision_boundaries import DecisionBoundaries, points


def test_the_short_run(tmp_path):
    results, claims = short_run(DecisionBoundaries(out=str(tmp_path), seeds=1, starts=2, steps=300))
    assert claims[0].held and claims[0].measured[0] > 50
    assert results.values("accuracy", network="mlp_1x8", problem="circle")[0] > 90
    probes = results.values("probes", network="mlp_2x4", problem="moons")
    assert probes.shape == (1, 3)
    assert 80 < probes[0, 0] < 95
    assert {path.name for path in tmp_path.glob("*.png")} == {"decision_boundaries.png", "layers.png"}


def test_the_problems():
    for problem in ("circle", "xor", "moons"):
        x, labels = points(problem, 200, np.random.default_rng(0))
        assert x.shape == (200, 2) and x.dtype == "float32"
        assert 60 <= labels.sum() <= 140
        again, _ = points(problem, 200, np.random.default_rng(0))
        np.testing.assert_array_equal(x, again)
    x, labels = points("xor", 200, np.random.default_rng(0))
    np.testing.assert_array_equal(labels, (x[:, 0] > 0) == (x[:, 1] > 0))


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("starts", 0, "starts must be at least 1, got 0"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        DecisionBoundaries(**{option: value})
