"""No other width is nearer to the parameters that are wanted."""

import pytest

from keras_dl import UsageError, describe, get_config
from keras_dl.analysis.matched_width import matched_width


@pytest.mark.parametrize(("depth", "parameters"), [(1, 3000), (8, 3000), (4, 30000)])
def test_no_other_width_is_nearer(depth, parameters):
    config = matched_width(get_config("mlp", input_shape=(8, 8, 1)), depth, parameters)
    (units,) = config.hidden
    assert config.depth == depth

    def off(units):
        return abs(describe(config, hidden=(units,)).parameters - parameters)

    assert off(units) <= 0.05 * parameters
    assert off(units) <= min(off(units - 1), off(units + 1))


def test_numbers_that_no_width_meets_are_refused():
    with pytest.raises(UsageError, match="no network of 7 hidden layers is near 500 parameters, the nearest has 565"):
        matched_width(get_config("mlp", input_shape=(8, 8, 1)), 7, 500)
