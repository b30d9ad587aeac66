import numpy as np
import pytest
from short_run import short_run

from keras_dl.errors import UsageError
from keras_dl.recipes.learned_features import LearnedFeatures, unexplained


def test_short_run(tmp_path):
    results, claims = short_run(LearnedFeatures(out=str(tmp_path), seeds=2, hidden=(16, 16), steps=100))
    assert claims[2].measured.max() < 1, "learned features beat random ones"
    row = results.rows[0]
    assert row["refit"] <= row["network"]
    assert len(row["probes"]) == 3 and np.shape(row["filters"])[1:] == (8, 8, 1)
    assert (tmp_path / "filters.png").exists()


def test_unexplained_is_one_minus_the_squared_correlation():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 50))
    assert unexplained(x[:, None], y[:, None]) == pytest.approx(1 - np.corrcoef(x, y)[0, 1] ** 2)
    assert unexplained(x[:, None], 3 * x[:, None] + 2) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("hidden", (), "hidden must be one number or more"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("learning_rate", -1.0, "learning_rate must be above 0"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        LearnedFeatures(**{option: value})
