"""Three generators learn from the same pictures and are judged by the same classifier."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.generators import SHOWN, SIZES, Generators


def test_a_short_run(tmp_path):
    settings = {"steps": 10, "batch_size": 16, "judge": "mlp", "judge_width": 1.0, "judge_steps": 60}
    results, claims = short_run(Generators(out=str(tmp_path), seeds=1, **settings))
    assert len(claims) == 4
    for network in SIZES:
        assert np.array(results.values("pictures", network=network)).shape == (1, SHOWN, 8, 8, 1)
        assert 0 <= results.mean("entropy", network=network) <= 2.303


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("steps", 0, "steps must be at least 1, got 0"), ("judge", "mlpp", "did you mean mlp")],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        Generators(out=str(tmp_path), **{"judge": "mlp", option: value}).run()
