"""EfficientNet gives what keras.applications and timm give under the same weights."""

import keras
import numpy as np
import pytest
from peers import give_to_keras, keras_file, pictures, randomise, randomise_torch, relative_error, torch_file

import keras_dl
from keras_dl import weights


@pytest.mark.parametrize(("name", "size"), [("b0", 64), ("b1", 57)])
def test_keras_applications(name, size, tmp_path):
    keras.utils.clear_session()
    shape = (size, size + 7, 3)
    config = keras_dl.get_config(f"efficientnet_{name}", input_shape=shape, classes=10)
    build = getattr(keras.applications, f"EfficientNet{name.upper()}")
    peer = build(weights=None, input_shape=shape, classes=10, classifier_activation=None)
    x = pictures(3, *shape)

    def theirs():
        peer.get_layer("normalization").finalize_state()
        return peer(x)

    ours = config.build()
    weights.load(ours, config, keras_file(randomise(peer), tmp_path / "theirs.h5"))
    assert relative_error(ours.predict(x, verbose=0), theirs()) < 1e-4
    give_to_keras(randomise(ours, seed=1), config, peer)
    assert relative_error(ours.predict(x, verbose=0), theirs()) < 1e-4


def test_timm(torchvision, tmp_path):
    import timm
    import torch

    peer = randomise_torch(timm.create_model("tf_efficientnet_b0", num_classes=10))
    config = keras_dl.get_config("efficientnet_b0", input_shape=(64, 57, 3), classes=10)
    ours = config.build()
    weights.load(ours, config, torch_file(peer, tmp_path / "theirs.safetensors"))
    x = pictures(3, 64, 57)
    normalised = (x / 255 - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    with torch.no_grad():
        theirs = peer(torch.from_numpy(normalised.transpose(0, 3, 1, 2)))
    assert relative_error(ours.predict(x, verbose=0), theirs.numpy()) < 1e-4
