import numpy as np

from keras_dl.layers import UnitThresholds


def test_units_differ_by_their_thresholds():
    layer = UnitThresholds(3)
    layer.build((None, 1))
    layer.set_weights([np.array([-1.0, 0.5, 2.0])])
    np.testing.assert_allclose(layer(np.array([[1.0], [-3.0]], "float32")), [[2, 0.5, 0], [0, 0, 0]])
    assert layer.compute_output_shape((None, 1)) == (None, 3)
    assert layer.count_params() == 3
