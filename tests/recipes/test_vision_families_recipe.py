"""A small network of every image family."""

import pytest

import keras_dl
from keras_dl import UsageError
from keras_dl.catalogue import entries
from keras_dl.recipes.vision_families import NETWORKS, VisionFamilies, small

TRAINED_ELSEWHERE = {
    "unet": "recipes/segmentation.py",
    "resnet_cifar": "saved_models/resnet20_cifar10",
    "esl_nets": "recipes/esl_nets.py",
    "lecun1989": "tests/architectures",
    "lenet": "saved_models/lenet5_mnist",
    "lenet5_1998": "tests/architectures",
    "minimal_cnn_gap": "tests/architectures",
}


def test_every_image_family_is_there():
    families = {entry.family for entry in entries().values() if ".vision." in entry.module.__name__}
    assert {entries()[name].family for name in NETWORKS} | TRAINED_ELSEWHERE.keys() == families


@pytest.mark.parametrize("name", NETWORKS)
def test_the_networks_are_small(name):
    config = small(name, 80).replace(classes=5)
    assert keras_dl.describe(config).weight_bytes < 5e6


def test_it_trains_goes_on_and_reports(tmp_path, capsys):
    options = {"epochs": 1, "batch_size": 256, "image_size": 32, "out": str(tmp_path / "run")}
    recipe = VisionFamilies(networks=("resnet18", "vit_ti16"), **options)
    rows = recipe.run()
    assert [row["network"] for row in rows] == ["resnet18", "vit_ti16"]
    assert (tmp_path / "run" / "families.png").read_bytes().startswith(b"\x89PNG")
    assert "resnet: " in capsys.readouterr().out
    assert keras_dl.load(tmp_path / "run" / "vit_ti16" / "model").output_shape == (None, 10)
    assert recipe.run() == rows
    printed = capsys.readouterr().out
    assert "resnet: " not in printed, "a finished training was run again"
    assert "The commonest class is" in printed


def test_unknown_networks_are_refused():
    with pytest.raises(UsageError, match="unknown network of this recipe 'resnet19'; did you mean resnet18"):
        VisionFamilies(networks=("resnet19",))
