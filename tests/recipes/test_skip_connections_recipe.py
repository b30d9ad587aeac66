"""Skip connections carry the gradient: their identity is exact, and fifty sigmoid layers show it, in a short run."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.lazy import tf
from keras_dl.recipes.skip_connections import SkipConnections


@pytest.fixture(autouse=True)
def _without_graphs():
    tf.config.run_functions_eagerly(True)  # a graph takes longer to make than these few steps
    yield
    tf.config.run_functions_eagerly(False)


def test_the_identity_carries_the_gradient(tmp_path):
    recipe = SkipConnections(out=str(tmp_path), seeds=1, depths=(8, 14), filters=2, steps=10)
    results, claims = short_run(recipe)
    assert claims[1].held, "the gradient of the sigmoid layers needs no training"
    assert results.values("gradients", network="14 layers", form="plain").shape == (1, 12)
    assert (results.values("gradients", network="14 layers", form="residual") > 0).all()


def test_every_seed_starts_afresh(tmp_path):
    recipe = SkipConnections(depths=(8, 14), filters=2, steps=10)
    first, other, again = (recipe.measure(seed=seed, network="8 layers", form="residual") for seed in (0, 1, 0))
    assert first == again != other


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"depths": (20,)}, "depths must be two or more growing numbers"),
        ({"depths": (56, 20)}, "depths must be two or more growing numbers"),
        ({"depths": (20, 51)}, "depths must be 6n \\+ 2, such as 20, 56 or 110, got"),
        ({"steps": 5}, "steps must be a positive multiple of 10, got 5"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
    ],
)
def test_options_that_cannot_run(option, words):
    with pytest.raises(UsageError, match=words):
        SkipConnections(**option)
