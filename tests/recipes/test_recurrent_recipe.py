"""What recurrent networks remember of the beginning of a series, and what its gradients are worth."""

import keras
import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.recurrent import CELLS, LARGE, OPEN, SMALL, Recurrent, gradients, series


def test_what_is_near_is_learned(tmp_path):
    results, claims = short_run(Recurrent(out=str(tmp_path), seeds=1, lengths=(4, 12), units=16, steps=80))
    assert len(claims) == 8
    for start in CELLS:
        assert results.mean("accuracy", part="memory", start=start, length=4) > 80
    flow = {start: results.mean("gradients", part="flow", start=start) for start in (SMALL, OPEN, LARGE)}
    assert all(len(values) == 12 and values[0] == 1 for values in flow.values())
    assert flow[SMALL][-1] < flow[OPEN][-1] < flow[LARGE][-1]


def test_gradients_are_those_of_a_chain_of_steps():
    """Of a linear network of one unit, h = 0.5 h + x, the gradient d steps back is 0.5^d."""
    x, mask = keras.Input((5, 1), name="series"), keras.Input((5,), dtype="bool", name="padding_mask")
    layer = keras.layers.SimpleRNN(1, activation="linear")
    network = keras.Model({"series": x, "padding_mask": mask}, layer(x, mask=mask))
    layer.set_weights([np.ones((1, 1)), np.full((1, 1), 0.5), np.zeros(1)])
    values, labels = series(6, 5, 0.1, np.random.default_rng(0))
    np.testing.assert_array_equal(values[:, 0, 0] > 0, labels == 1)
    np.testing.assert_allclose(gradients(network, values), 0.5 ** np.arange(5), rtol=1e-6)


def test_lengths_must_grow(tmp_path):
    with pytest.raises(UsageError, match="lengths"):
        Recurrent(out=str(tmp_path), lengths=(5, 5)).run()
