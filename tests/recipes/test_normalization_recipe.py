"""Batch normalisation is what its definition says, in training and afterwards, and stands where it is asked to."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.recipes.normalization import Normalization, normalized_batch


@pytest.fixture(autouse=True)
def _without_graphs():
    tf.config.run_functions_eagerly(True)  # a graph takes longer to make than these few steps
    yield
    tf.config.run_functions_eagerly(False)


def test_a_short_run(tmp_path):
    results, claims = short_run(Normalization(out=str(tmp_path), seeds=1, epochs=1, batch_size=128))
    assert sum(claim.exact for claim in claims) == 6
    assert results.values("mean_seen", position="after", rate=0.1) < 1e-4
    assert results.values("mean_seen", position="before", rate=0.1) > 0.1


def test_another_normalisation_is_found_out(monkeypatch):
    kind = keras.layers.BatchNormalization
    monkeypatch.setattr(
        keras.layers, "BatchNormalization", lambda **settings: kind(momentum=0.9, epsilon=0.1, **settings)
    )
    found = normalized_batch(0)
    assert found["variance"] > 1e-3 and found["inference"] > 1e-3
    assert found["mean"] < 1e-5 and found["gradient"] < 1e-3


@pytest.mark.parametrize(
    ("option", "words"),
    [({"epochs": 0}, "epochs must be at least 1, got 0"), ({"rates": (0.1, -1.0)}, "rates must be above 0")],
)
def test_options_that_cannot_run(option, words):
    with pytest.raises(UsageError, match=words):
        Normalization(**option)
