"""A published file is whole or not there, and whoever has no network is told what to fetch and where to put it."""

import hashlib

import pytest

import keras_dl
from keras_dl import UsageError
from keras_dl.weights import published
from keras_dl.weights.published import Published, fetch

CONTENT = b"weights" * 1000
CONFIG = keras_dl.get_config("resnet20")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "models"


@pytest.fixture
def file(tmp_path):
    source = tmp_path / "server" / "net.h5"
    source.parent.mkdir()
    source.write_bytes(CONTENT)
    return Published(url=source.as_uri(), md5=hashlib.md5(CONTENT).hexdigest())


def test_a_file_is_fetched_once(file, home):
    assert fetch(file, CONFIG) == home / "net.h5"
    assert (home / "net.h5").read_bytes() == CONTENT
    (home.parent.parent / "server" / "net.h5").unlink()
    assert fetch(file, CONFIG).read_bytes() == CONTENT
    assert [path.name for path in home.iterdir()] == ["net.h5"]


def test_another_content_is_refused_and_leaves_nothing(file, home):
    (home.parent.parent / "server" / "net.h5").write_bytes(CONTENT[:-1])
    with pytest.raises(UsageError, match="is not the file that was published .*about 1 MB, md5 [0-9a-f]{32}"):
        fetch(file, CONFIG)
    assert list(home.iterdir()) == []


def test_a_damaged_file_is_replaced(file, home):
    home.mkdir(parents=True)
    (home / "net.h5").write_bytes(CONTENT[:-1])
    assert fetch(file, CONFIG).read_bytes() == CONTENT


@pytest.mark.parametrize("damaged", [False, True])
def test_without_a_network_the_message_says_what_to_fetch(file, home, damaged):
    if damaged:
        home.mkdir(parents=True)
        (home / "net.h5").write_bytes(CONTENT[:-1])
    (home.parent.parent / "server" / "net.h5").unlink()
    with pytest.raises(UsageError) as error:
        fetch(file, CONFIG)
    message = str(error.value)
    assert "\n" not in message and ("is damaged and cannot be downloaded" in message) is damaged
    for part in (file.url, file.md5, str(home / "net.h5"), "about 1 MB"):
        assert part in message


def test_hugging_face_files_are_named_after_their_repository(home):
    file = Published(url="https://huggingface.co/timm/resnet18.tv_in1k/resolve/main/model.safetensors")
    assert file.path == home / "resnet18.tv_in1k.safetensors"


def test_weights_belong_to_one_network_of_any_classes_and_input():
    changes = {"classes": 5, "input_shape": (64, 64, 1)}
    found = published(keras_dl.get_config("resnet50", **changes), "imagenet")
    assert found[0] == keras_dl.get_config("resnet50")
    assert found[1].url.startswith("https://storage.googleapis.com/tensorflow/keras-applications/")
    with pytest.raises(UsageError, match="no weights 'imagenet' for this resnet; with them, only the classes and"):
        published(keras_dl.get_config("resnet50", filters=32), "imagenet")
    with pytest.raises(UsageError, match="no saved model at 'imagnet'; .*; published for resnet are imagenet$"):
        keras_dl.build("resnet50", weights="imagnet")
