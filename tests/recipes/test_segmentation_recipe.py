"""A class for every pixel, learned from labelled strokes."""

import json

import numpy as np
import pytest

from keras_dl import UsageError, get_config, load
from keras_dl.data import load as load_data
from keras_dl.recipes.segmentation import Segmentation, scores, with_masks


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("segmentation") / "run"


@pytest.fixture(scope="module")
def result(folder):
    return Segmentation(out=str(folder), epochs=8, learning_rate=5e-3, image_size=8).run()


def test_masks_are_the_label_on_ink():
    data = load_data("digits")
    masked = with_masks(data)
    pictures, masks = data.test.inputs()[..., 0], masked.test.labels
    assert masks.shape == pictures.shape and masks.dtype == np.uint8
    np.testing.assert_array_equal(masks > 0, pictures > 127.5)
    assert all(set(np.unique(mask)) <= {0, label + 1} for mask, label in zip(masks, data.test.labels, strict=True))
    assert masked.spec.classes == 11 and masked.spec.class_names[:2] == ("background", "0")


def test_scores_of_known_masks():
    masks = np.array([[[0, 0], [1, 1]], [[0, 0], [2, 2]]])
    guesses = np.array([[[0, 1], [1, 1]], [[0, 0], [2, 0]]])
    found = scores(masks, guesses, classes=3)
    assert found["mean_iou"] == pytest.approx((3 / 5 + 2 / 3 + 1 / 2) / 3)
    assert found["ink_accuracy"] == pytest.approx(3 / 4)
    assert found["background"] == pytest.approx(1 / 2)


def test_it_learns(result):
    assert result["mean_iou"] > 3 * result["background"] / 11
    assert result["ink_accuracy"] > 0.4


def test_what_a_run_leaves(result, folder):
    assert json.loads((folder / "result.json").read_text()) == result
    for picture in ("masks.png", "curves.png"):
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")
    model, data = load(folder / "model"), with_masks(load_data("digits"))
    guesses = model.predict(data.test.inputs(), verbose=0).argmax(axis=-1)
    assert scores(data.test.labels, guesses, 11)["mean_iou"] == pytest.approx(result["mean_iou"])


def test_networks_for_another_task_are_refused(tmp_path):
    with pytest.raises(UsageError, match="one for segmentation, such as unet, got resnet_cifar"):
        Segmentation(network=get_config("resnet20"), out=str(tmp_path / "run")).run()
