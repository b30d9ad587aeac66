"""NASNet gives what keras.applications gives under the same weights."""

import keras
import pytest
from keras.src.applications.nasnet import NASNet
from peers import give_to_keras, keras_file, pictures, randomise, relative_error

import keras_dl
from keras_dl import weights


@pytest.mark.parametrize(("name", "size", "cells"), [("nasnet_mobile", 64, 4), ("nasnet_large", 75, 2)])
def test_keras_applications_in_both_directions(name, size, cells, tmp_path):
    keras.utils.clear_session()
    shape = (size, size + 7, 3)
    config = keras_dl.get_config(name, input_shape=shape, classes=10, cells=cells, filters=44)
    peer = NASNet(
        input_shape=shape,
        penultimate_filters=24 * config.filters,
        num_blocks=cells,
        stem_block_filters=config.stem_filters,
        skip_reduction=config.skip_reduction,
        weights=None,
        classes=10,
        classifier_activation=None,
    )
    x = pictures(3, *shape)
    ours = config.build()
    weights.load(ours, config, keras_file(randomise(peer), tmp_path / "theirs.h5"))
    assert relative_error(ours(x), peer(x / 127.5 - 1)) < 1e-4
    give_to_keras(randomise(ours, seed=1), config, peer)
    assert relative_error(ours(x), peer(x / 127.5 - 1)) < 1e-4
