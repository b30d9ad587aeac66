"""The ImageNet ResNets give what keras.applications and timm give under the same weights."""

import keras
import numpy as np
import pytest
from peers import give_to_keras, keras_file, pictures, randomise, randomise_torch, relative_error, torch_file

import keras_dl
from keras_dl import weights
from keras_dl.architectures.vision import TORCH

MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def test_keras_applications_in_both_directions(tmp_path):
    shape = (64, 57, 3)
    config = keras_dl.get_config("resnet50", input_shape=shape, classes=10)
    peer = keras.applications.ResNet50(weights=None, input_shape=shape, classes=10, classifier_activation=None)
    x = pictures(3, *shape)
    their_x = keras.applications.resnet.preprocess_input(x.copy())
    ours = config.build()
    weights.load(ours, config, keras_file(randomise(peer), tmp_path / "theirs.h5"))
    assert relative_error(ours.predict(x, verbose=0), peer.predict(their_x, verbose=0)) < 1e-4
    give_to_keras(randomise(ours, seed=1), config, peer)
    assert relative_error(ours.predict(x, verbose=0), peer.predict(their_x, verbose=0)) < 1e-4


@pytest.mark.parametrize(("name", "changes"), [("resnet18", {}), ("resnet50", {"form": "torch", **TORCH})])
def test_timm(torchvision, name, changes, tmp_path):
    import timm
    import torch

    peer = randomise_torch(timm.create_model(name, num_classes=10))
    config = keras_dl.get_config(name, input_shape=(64, 57, 3), classes=10, **changes)
    ours = config.build()
    weights.load(ours, config, torch_file(peer, tmp_path / "theirs.safetensors"))
    x = pictures(3, 64, 57)
    with torch.no_grad():
        theirs = peer(torch.from_numpy(((x / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2))).numpy()
    assert relative_error(ours.predict(x, verbose=0), theirs) < 1e-4
