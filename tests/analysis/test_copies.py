"""Copies that are trained at once learn what each learns alone."""

import numpy as np

from keras_dl import get_config
from keras_dl.analysis.copies import Copies
from keras_dl.lazy import keras, tf

generator = np.random.default_rng(0)
INPUTS = generator.normal(size=(12, 8)).astype("float32")
TARGETS = generator.normal(size=(12, 1)).astype("float32")
ORDER = generator.integers(0, 12, (6, 4))
CONFIG = get_config("mlp_1x2", input_shape=(8,))


def squared_error(y, outputs):
    return keras.ops.mean((y - outputs) ** 2)


def weights(model):
    return np.concatenate([value.ravel() for value in model.get_weights()])


def test_every_copy_learns_what_it_learns_alone():
    copies = Copies(CONFIG, 3, keras.optimizers.Adam(0.01), squared_error)
    copies.restart(0)
    starts = [copies.take(index).get_weights() for index in range(3)]
    copies.run(INPUTS, TARGETS, ORDER)
    outputs = copies.outputs(INPUTS)
    assert outputs.shape == (3, 12, 1)
    batches = tf.data.Dataset.from_tensor_slices((INPUTS[ORDER], TARGETS[ORDER]))
    for index, start in enumerate(starts):
        alone = CONFIG.build()
        alone.set_weights(start)
        alone.compile(keras.optimizers.Adam(0.01), "mean_squared_error", run_eagerly=True)
        alone.fit(batches, shuffle=False, verbose=0)
        assert np.abs(weights(alone) - np.concatenate([value.ravel() for value in start])).max() > 0.01
        np.testing.assert_allclose(weights(copies.take(index)), weights(alone), atol=1e-5)
        np.testing.assert_allclose(outputs[index], alone(INPUTS), atol=1e-5)
    assert np.ptp([start[0][0, 0] for start in starts]) > 0


def test_a_restart_forgets_everything():
    copies = Copies(CONFIG, 2, keras.optimizers.Adam(0.01), squared_error)
    found = []
    for seed in (1, 1, 2):
        copies.restart(seed)
        copies.run(INPUTS, TARGETS, ORDER)
        found.append(copies.outputs(INPUTS))
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()
