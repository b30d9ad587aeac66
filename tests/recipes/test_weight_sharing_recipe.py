import numpy as np
import pytest
from short_run import short_run

from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.recipes.weight_sharing import WeightSharing, arithmetic, moved, pooled


def test_short_run(tmp_path):
    results, claims = short_run(WeightSharing(out=str(tmp_path), seeds=1, steps=10))
    assert sum(claim.exact for claim in claims) == 5
    parameters = {row["network"]: row["parameters"] for row in results.rows}
    assert parameters["local"] > parameters["dense"] > parameters["shared"]
    assert len(results.rows[0]["shifts"]) == 5


def test_the_formulas_hold_and_can_fail(monkeypatch):
    assert all(claim.held and claim.exact for claim in arithmetic())
    monkeypatch.setattr(keras.layers.ZeroPadding2D, "compute_output_shape", lambda self, shape: shape)
    assert not arithmetic()[0].held


def test_moved_and_pooled():
    picture = np.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(moved(picture, 1, -2)[0, 5:9, 2:6], picture[0])
    np.testing.assert_array_equal(pooled(picture, np.median)[0, :, :, 0], [[2.5, 4.5], [10.5, 12.5]])
    largest = np.asarray(keras.layers.MaxPooling2D()(picture.astype("float32")))
    np.testing.assert_array_equal(pooled(picture, np.max), largest)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("steps", 0, "steps must be at least 1, got 0"), ("learning_rate", 0.0, "learning_rate must be above 0")],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        WeightSharing(**{option: value})
