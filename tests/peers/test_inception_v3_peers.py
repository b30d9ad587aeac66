"""Inception v3 gives what keras.applications and timm give under the same weights."""

import keras
from peers import give_to_keras, keras_file, pictures, randomise, randomise_torch, relative_error, torch_file

import keras_dl
from keras_dl import weights

SHAPE = (107, 96, 3)
CONFIG = keras_dl.get_config("inception_v3", input_shape=SHAPE, classes=10)


def test_keras_applications_in_both_directions(tmp_path):
    peer = keras.applications.InceptionV3(weights=None, input_shape=SHAPE, classes=10, classifier_activation=None)
    x = pictures(3, *SHAPE)
    their_x = keras.applications.inception_v3.preprocess_input(x.copy())
    ours = CONFIG.build()
    weights.load(ours, CONFIG, keras_file(randomise(peer), tmp_path / "theirs.h5"))
    assert relative_error(ours.predict(x, verbose=0), peer.predict(their_x, verbose=0)) < 1e-4
    give_to_keras(randomise(ours, seed=1), CONFIG, peer)
    assert relative_error(ours.predict(x, verbose=0), peer.predict(their_x, verbose=0)) < 1e-4


def test_timm_where_averages_leave_the_border_out(torchvision, tmp_path, monkeypatch):
    import timm
    import torch

    peer = randomise_torch(timm.create_model("inception_v3", num_classes=10, aux_logits=True))
    ours = CONFIG.build()
    weights.load(ours, CONFIG, torch_file(peer, tmp_path / "theirs.safetensors"))
    x = pictures(3, *SHAPE)
    their_x = torch.from_numpy((x / 127.5 - 1).transpose(0, 3, 1, 2))
    y = ours.predict(x, verbose=0)
    peer.aux_logits = False
    with torch.no_grad():
        assert relative_error(y, peer(their_x).numpy()) > 1e-3
        average = torch.nn.functional.avg_pool2d
        monkeypatch.setattr(
            torch.nn.functional,
            "avg_pool2d",
            lambda *args, **options: average(*args, **options, count_include_pad=False),
        )
        assert relative_error(y, peer(their_x).numpy()) < 1e-4
