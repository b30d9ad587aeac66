"""alexnet_owt gives what torchvision's alexnet gives under the same weights."""

from peers import pictures, randomise_torch, relative_error, torch_file

import keras_dl
from keras_dl import weights


def test_torchvision(torchvision, tmp_path):
    import torch

    config = keras_dl.get_config("alexnet_owt")
    peer = randomise_torch(torchvision.models.alexnet())
    ours = config.build()
    weights.load(ours, config, torch_file(peer, tmp_path / "theirs.safetensors"))
    x = pictures(3, 224, 224)
    with torch.no_grad():
        theirs = peer(torch.from_numpy(ours.get_layer("normalization")(x).numpy().transpose(0, 3, 1, 2))).numpy()
    assert relative_error(ours.predict(x, verbose=0), theirs) < 1e-4
