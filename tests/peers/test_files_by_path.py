"""A file of keras.applications gives what the peer gives on the same pixels, by its path as by its name."""

import keras
import pytest
from peers import keras_file, pictures, randomise, relative_error

import keras_dl

NETWORKS = {
    "resnet50": ("ResNet50", "resnet", 64),
    "vgg16": ("VGG16", "vgg16", 32),
    "inception_v3": ("InceptionV3", "inception_v3", 96),
    "mobilenet_v2": ("MobileNetV2", "mobilenet_v2", 64),
    "nasnet_mobile": ("NASNetMobile", "nasnet", 64),
    "efficientnet_b0": ("EfficientNetB0", "efficientnet", 64),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_file_by_path(name, tmp_path):
    keras.utils.clear_session()
    function, module, size = NETWORKS[name]
    shape = (size, size, 3)
    peer = randomise(
        getattr(keras.applications, function)(weights=None, input_shape=shape, classes=10, classifier_activation=None)
    )
    file = keras_file(peer, tmp_path / "theirs.h5")
    if name == "efficientnet_b0":
        peer.get_layer("normalization").finalize_state()
    x = pictures(2, *shape)
    theirs = peer(getattr(keras.applications, module).preprocess_input(x.copy()))
    ours = keras_dl.build(name, weights=file, input_shape=shape, classes=10)
    assert relative_error(ours(x), theirs) < 1e-4
    if name == "resnet50":
        fewer = keras_dl.build(name, weights=file, input_shape=(40, 36, 1), classes=3)
        assert fewer.output_shape == (None, 3)
        stem = ours.get_layer("stem_conv").kernel.numpy()
        assert abs(fewer.get_layer("stem_conv").kernel.numpy()[:, :, 0] - stem.sum(axis=2)).max() < 1e-5
