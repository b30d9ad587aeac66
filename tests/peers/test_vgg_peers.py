"""The VGG networks give what keras.applications, timm and torchvision give under the same weights."""

import keras
import pytest
from peers import give_to_keras, keras_file, pictures, randomise, randomise_torch, relative_error, torch_file

import keras_dl
from keras_dl import weights
from keras_dl.architectures.vision import TORCH

FILTERS = (4, 6, 8, 10, 12)


def test_keras_applications_in_both_directions(tmp_path):
    shape = (64, 57, 3)
    config = keras_dl.get_config("vgg16", input_shape=shape, classes=10)
    peer = keras.applications.VGG16(weights=None, input_shape=shape, classes=10, classifier_activation=None)
    x = pictures(3, *shape)
    their_x = keras.applications.vgg16.preprocess_input(x.copy())
    ours = config.build()
    weights.load(ours, config, keras_file(randomise(peer), tmp_path / "theirs.h5"))
    assert relative_error(ours.predict(x, verbose=0), peer.predict(their_x, verbose=0)) < 1e-4
    give_to_keras(randomise(ours, seed=1), config, peer)
    assert relative_error(ours.predict(x, verbose=0), peer.predict(their_x, verbose=0)) < 1e-4


@pytest.mark.parametrize("name", ["vgg16", "vgg11_bn"])
@pytest.mark.parametrize("publisher", ["timm", "torchvision"])
def test_pytorch(torchvision, publisher, name, tmp_path):
    import torch

    config = keras_dl.get_config(name, filters=FILTERS, classes=10, **TORCH)
    peer = randomise_torch(narrow(publisher, config))
    ours = config.build()
    weights.load(ours, config, torch_file(peer, tmp_path / "theirs.safetensors"))
    x = pictures(2, 224, 224)
    with torch.no_grad():
        theirs = peer(torch.from_numpy(ours.get_layer("normalization")(x).numpy().transpose(0, 3, 1, 2))).numpy()
    assert relative_error(ours.predict(x, verbose=0), theirs) < 1e-4


def narrow(publisher, config):
    """Their network with our filters; the dense layers have their full size in both."""
    import torch

    rows = [[filters] * count + ["M"] for filters, count in zip(config.filters, config.convolutions, strict=True)]
    table = [item for row in rows for item in row]
    if publisher == "timm":
        from timm.models.vgg import VGG

        return VGG(table, num_classes=10, norm_layer=torch.nn.BatchNorm2d if config.normalized else None)
    from torchvision.models.vgg import VGG, make_layers

    module = VGG(make_layers(table, batch_norm=config.normalized), num_classes=10)
    module.classifier[0] = torch.nn.Linear(config.filters[-1] * 49, 4096)
    return module
