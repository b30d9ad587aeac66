"""Initial weights let a signal collapse, keep it or let it explode, as the literature says, in a short run."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError, get_config
from keras_dl.lazy import tf
from keras_dl.recipes.initialization import LITERAL, Initialization, difference_of_units, steps_to_learn


@pytest.fixture(autouse=True)
def _without_graphs():
    tf.config.run_functions_eagerly(True)  # a graph takes longer to make than these few steps
    yield
    tf.config.run_functions_eagerly(False)


def test_signals_are_as_the_literature_says(tmp_path):
    results, claims = short_run(Initialization(out=str(tmp_path), seeds=1, steps=10))
    assert all(claim.held for claim in claims[2:7]), "what becomes of the signal needs no training"
    he, literal = (results.values("deviations", scheme=scheme)[0] for scheme in ("he", LITERAL))
    np.testing.assert_allclose(literal / he, np.sqrt(2) ** np.arange(1, 6), rtol=1e-4)
    assert results.values("largest_gradient", scheme="he") > 0
    network = get_config("mlp", hidden=(4, 3)).build()
    assert difference_of_units(network) > 0.01


def test_steps_to_learn():
    assert steps_to_learn(np.array([[10.0, 85.0, 70.0], [10.0, 20.0, 30.0]])).tolist() == [20, 30]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"steps": 15}, "steps must be a positive multiple of 10, got 15"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_run(option, words):
    with pytest.raises(UsageError, match=words):
        Initialization(**option)
