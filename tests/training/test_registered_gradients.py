"""A process that trains often does not keep every graph."""

import gc

import numpy as np
from tensorflow.python.framework.func_graph import FuncGraph

import keras_dl
from keras_dl.data import load
from keras_dl.lazy import keras
from keras_dl.training import Options, build, fit


def graphs():
    keras.utils.clear_session()
    gc.collect()
    return sum(isinstance(found, FuncGraph) for found in gc.get_objects())


def test_the_graphs_of_a_training_go_with_its_model(tmp_path):
    data, options = load("digits"), Options(epochs=1, batch_size=512)
    config = keras_dl.get_config("mlp", hidden=(4,)).for_data(data.spec)
    found = []
    for number in range(3):
        model = build(config, options)
        fit(model, config, data, options, tmp_path / str(number), verbose=0)
        before = model.get_weights()
        x, y = data.train.inputs(), data.train.labels
        model.fit(x, y, batch_size=512, verbose=0)  # may go on
        assert not np.array_equal(before[0], model.get_weights()[0])
        if not number:
            fit(model, config, data, options, tmp_path / "again", verbose=0)
        del model
        found.append(graphs())
    assert found[2] == found[1]
