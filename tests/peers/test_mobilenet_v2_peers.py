"""MobileNetV2 gives what keras.applications and timm give under the same weights."""

import keras
import pytest
from peers import give_to_keras, keras_file, pictures, randomise, randomise_torch, relative_error, torch_file

import keras_dl
from keras_dl import weights


@pytest.mark.parametrize(("alpha", "size"), [(1.0, 64), (0.35, 57), (1.4, 49)])
def test_keras_applications_in_both_directions(alpha, size, tmp_path):
    shape = (size, size + 7, 3)
    config = keras_dl.get_config("mobilenet_v2", alpha=alpha, input_shape=shape, classes=10)
    peer = keras.applications.MobileNetV2(
        weights=None, alpha=alpha, input_shape=shape, classes=10, classifier_activation=None
    )
    x = pictures(3, *shape)
    ours = config.build()
    weights.load(ours, config, keras_file(randomise(peer), tmp_path / "theirs.h5"))
    assert relative_error(ours.predict(x, verbose=0), peer.predict(x / 127.5 - 1, verbose=0)) < 1e-4
    give_to_keras(randomise(ours, seed=1), config, peer)
    assert relative_error(ours.predict(x, verbose=0), peer.predict(x / 127.5 - 1, verbose=0)) < 1e-4


def test_timm_with_the_padding_and_epsilon_of_tensorflow(torchvision, tmp_path):
    import timm
    import torch

    peer = randomise_torch(timm.create_model("mobilenetv2_100", num_classes=10, pad_type="same", bn_eps=1e-3))
    config = keras_dl.get_config("mobilenet_v2", input_shape=(64, 57, 3), classes=10)
    ours = config.build()
    weights.load(ours, config, torch_file(peer, tmp_path / "theirs.safetensors"))
    x = pictures(3, 64, 57)
    with torch.no_grad():
        theirs = peer(torch.from_numpy((x / 127.5 - 1).transpose(0, 3, 1, 2))).numpy()
    assert relative_error(ours.predict(x, verbose=0), theirs) < 1e-4
