"""A file made by keras.applications, published at an address, through the whole way to a network of one's own."""

import hashlib

import keras
import numpy as np
import pytest
from peers import keras_file, pictures, randomise, relative_error

import keras_dl
from keras_dl import UsageError, surgery
from keras_dl.weights import Published, mobilenet_v2


@pytest.fixture(scope="module")
def peer():
    return randomise(keras.applications.MobileNetV2(weights=None, input_shape=(64, 64, 3), classifier_activation=None))


@pytest.fixture(autouse=True)
def address(peer, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    file = keras_file(peer, tmp_path / "mobilenet.h5")
    published = Published(url=file.as_uri(), md5=hashlib.md5(file.read_bytes()).hexdigest())
    monkeypatch.setitem(mobilenet_v2.PUBLISHED, "mobilenet_v2", {"imagenet": published})
    return file


def test_the_network_itself(peer):
    x = pictures(2, 64, 64)
    ours = keras_dl.build("mobilenet_v2", weights="imagenet", input_shape=(64, 64, 3))
    assert relative_error(ours(x), peer(x / 127.5 - 1)) < 1e-4


def test_other_classes_get_a_fresh_head_on_the_same_features(peer):
    x = pictures(2, 64, 64)
    ours = keras_dl.build("mobilenet_v2", weights="imagenet", classes=5, input_shape=(64, 64, 3))
    assert ours.output_shape == (None, 5)
    theirs = keras.Model(peer.input, peer.layers[-2].output)
    assert relative_error(surgery.embedding(ours)(x), theirs(x / 127.5 - 1)) < 1e-4


def test_gray_pictures_give_what_they_give_as_rgb(peer):
    x = pictures(2, 64, 64, channels=1)
    ours = keras_dl.build("mobilenet_v2", weights="imagenet", input_shape=(64, 64, 1))
    assert relative_error(ours(x), peer(np.repeat(x, 3, axis=-1) / 127.5 - 1)) < 1e-4


def test_another_width_has_no_such_weights():
    with pytest.raises(UsageError, match="no weights 'imagenet' for this mobilenet_v2"):
        keras_dl.build("mobilenet_v2", weights="imagenet", alpha=0.5)


def test_a_lost_file_is_explained(address):
    address.unlink()
    with pytest.raises(UsageError, match=r"cannot be downloaded .* \(about 14 MB, md5 [0-9a-f]{32}\) and put it at .*"):
        keras_dl.build("mobilenet_v2", weights="imagenet")
