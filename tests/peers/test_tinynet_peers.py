"""TinyNet gives what timm gives under the same weights."""

import numpy as np
import pytest
from peers import pictures, randomise_torch, relative_error, torch_file

import keras_dl
from keras_dl import weights

MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


@pytest.mark.parametrize("name", ["tinynet_a", "tinynet_c", "tinynet_e"])
def test_timm(torchvision, name, tmp_path):
    import timm
    import torch

    peer = randomise_torch(timm.create_model(name, num_classes=10))
    config = keras_dl.get_config(name, input_shape=(64, 57, 3), classes=10)
    ours = config.build()
    weights.load(ours, config, torch_file(peer, tmp_path / "theirs.safetensors"))
    x = pictures(3, 64, 57)
    with torch.no_grad():
        theirs = peer(torch.from_numpy(((x / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2))).numpy()
    assert relative_error(ours.predict(x, verbose=0), theirs) < 1e-4
