"""Data sets of tensorflow-datasets that are more than one input with one label."""

import os

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.data import tfds as loader

pytestmark = pytest.mark.skipif("TFDS_DATA_DIR" not in os.environ, reason="TFDS_DATA_DIR does not say where they are")


def raw(name, split="train"):
    return [*tfds.as_numpy(tfds.load(name, split=split, download=False))]


def values(data, column, split="train"):
    return getattr(data, split).columns[column].values


def test_one_of_several_labels_is_chosen():
    coarse, fine = load("trec", target="label-coarse"), load("trec", target="label-fine")
    assert [*coarse.spec.columns] == ["text", "label"]
    assert (coarse.spec.classes, fine.spec.classes) == (6, 47)
    assert coarse.spec.counts == {"train": 4906, "validation": 546, "test": 500}
    expected = [(example["text"].decode(), example["label-coarse"]) for example in raw("trec", "test")]
    assert [*zip(values(coarse, "text", "test"), values(coarse, "label", "test"), strict=True)] == expected
    with pytest.raises(UsageError, match="trec has several labels: label-coarse, label-fine; choose one"):
        load("trec")
    with pytest.raises(UsageError, match="trec has no target label; it has label-coarse, label-fine, text"):
        load("trec", target="label")


def test_a_text_and_its_translation():
    data = load("tatoeba_en_fr")
    assert {name: column.kind for name, column in data.spec.columns.items()} == {"source": "text", "target": "text"}
    expected = [(example["en"].decode(), example["fr"].decode()) for example in raw("tatoeba_en_fr", "validation")]
    found = zip(values(data, "source", "validation"), values(data, "target", "validation"), strict=True)
    assert [*found] == expected and len(expected) == 1448
    french = load("multi30k", target="fr")
    assert values(french, "target")[0] == "Deux musulmans assis à leur stand pour gagner de l'argent avec ce commerce."


def test_the_language_that_is_read_is_chosen():
    data = load("multi30k", source="de", target="en")
    expected = [(example["de"].decode(), example["en"].decode()) for example in raw("multi30k", "test")]
    assert [*zip(values(data, "source", "test"), values(data, "target", "test"), strict=True)] == expected
    with pytest.raises(UsageError, match="multi30k has no input nl; it has .*en"):
        load("multi30k", source="nl", target="en")
    with pytest.raises(UsageError, match="source and target must be two features of multi30k, got en twice"):
        load("multi30k", source="en", target="en")


def test_two_texts_of_one_class(tmp_path):
    pairs = [("it rains", "it is wet", 1), ("it rains", "it is dry", 0)] * 10
    features = {name: tfds.features.Text() for name in ("premise", "hypothesis")}
    columns = dict(zip(("premise", "hypothesis", "label"), map(list, zip(*pairs, strict=True)), strict=True))
    tfds.dataset_builders.store_as_tfds_dataset(
        name="pairs",
        version="1.0.0",
        features=tfds.features.FeaturesDict({**features, "label": tfds.features.ClassLabel(names=["no", "yes"])}),
        split_datasets={"train": tf.data.Dataset.from_tensor_slices(columns)},
        data_dir=tmp_path,
    )
    for target in (None, "label"):
        data = load("pairs", data_dir=str(tmp_path), target=target)
        assert [*data.spec.columns] == ["text", "second_text", "label"] and data.spec.class_names == ("no", "yes")
        found = zip(values(data, "second_text"), values(data, "text"), data.train.labels, strict=True)
        assert {*found} == {*pairs}  # by the alphabet: the hypothesis is the first


def test_one_whole_text_a_split():
    data = load("tiny_shakespeare")
    assert [*data.spec.columns] == ["text"] and data.spec.counts == {"train": 1, "validation": 1, "test": 1}
    assert sum(len(values(data, "text", split)[0]) for split in data.spec.counts) == 1_115_394


def test_pictures_with_captions():
    data = load("flickr8k_1k", image_size=32)
    assert [*data.spec.columns] == ["image", "captions"] and data.spec.columns["captions"].shape == (5,)
    texts = data.train.columns["captions"].values
    assert texts.shape == (800, 5) and all(len(text.split()) > 1 for text in texts[0])
    words = next(iter(data.train.batches(4, lambda batch, key: (batch["image"], batch["captions"]))))[1].numpy()
    assert words[0, 0].decode() == texts[0, 0]


def test_captions_with_numbers_of_their_own_as_those_of_coco(tmp_path):
    texts, numbers = [["a cat", "a grey cat"], ["a dog"]] * 10, [[7, 8], [9]] * 10
    pictures = np.zeros((20, 8, 8, 3), "uint8")
    inner = {"id": tfds.features.Scalar(np.int64), "text": tfds.features.Text()}
    features = {"image": tfds.features.Image(shape=(8, 8, 3)), "captions": tfds.features.Sequence(inner)}
    captions = {"id": tf.ragged.constant(numbers, "int64"), "text": tf.ragged.constant(texts)}
    tfds.dataset_builders.store_as_tfds_dataset(
        name="captioned",
        version="1.0.0",
        features=tfds.features.FeaturesDict(features),
        split_datasets={"train": tf.data.Dataset.from_tensor_slices({"image": pictures, "captions": captions})},
        data_dir=tmp_path,
    )
    data = load("captioned", data_dir=str(tmp_path))
    assert [*data.spec.columns] == ["image", "captions"]
    assert {tuple(row) for row in data.train.columns["captions"].values} == {("a cat", "a grey cat"), ("a dog", "")}


def test_a_number_to_be_predicted():
    data = load("orl_faces", target="index")
    assert data.spec.columns["number"].kind == "number"
    assert values(data, "number", "test").shape == (100, 1)
    np.testing.assert_array_equal(values(data, "number", "test")[:, 0], [e["index"] for e in raw("orl_faces", "test")])


def test_boxes_are_in_pixels_and_padded():
    data = load("bccd")
    assert [*data.spec.columns] == ["image", "boxes", "labels"]
    assert data.spec.columns["labels"].class_names == ("RBC", "WBC", "Platelets")
    boxes, labels = values(data, "boxes", "test"), values(data, "labels", "test")
    assert boxes.shape == (72, *data.spec.columns["boxes"].shape) and labels.shape == boxes.shape[:2]
    for example, box, label in zip(raw("bccd", "test"), boxes, labels, strict=True):
        count = len(example["objects"]["label"])
        top, left, bottom, right = example["objects"]["bbox"].T
        expected = np.stack([left * 640, top * 480, right * 640, bottom * 480], axis=1)
        np.testing.assert_allclose(box[:count], expected, atol=1e-3)
        np.testing.assert_array_equal(label[:count], example["objects"]["label"])
        assert (box[count:] == -1).all() and (label[count:] == -1).all()


def test_boxes_move_with_pictures_that_are_scaled_and_cropped():
    data = load("bccd", image_size=160)
    boxes, labels = values(data, "boxes", "test"), values(data, "labels", "test")
    assert data.spec.shape == (160, 160, 3)
    for example, box, label in zip(raw("bccd", "test"), boxes, labels, strict=True):
        top, left, bottom, right = example["objects"]["bbox"].T
        moved = np.stack([left * 213 - 26, top * 160, right * 213 - 26, bottom * 160], axis=1).clip(0, 160)
        inside = (moved[:, 2] > moved[:, 0]) & (moved[:, 3] > moved[:, 1])
        count = inside.sum()
        np.testing.assert_allclose(box[:count], moved[inside], atol=1e-3)
        np.testing.assert_array_equal(label[:count], example["objects"]["label"][inside])
        assert (label[count:] == -1).all()


def test_crowds_are_no_boxes():
    objects = [example["objects"] for example in raw("coco_small")]
    crowds = sum(found["is_crowd"].sum() for found in objects)
    data = load("coco_small", image_size=64)
    kept = sum((values(data, "labels", split) >= 0).sum() for split in ("train", "test"))
    assert crowds > 0 and kept <= sum(len(found["label"]) for found in objects) - crowds
    assert (values(data, "boxes").max(), data.spec.columns["labels"].classes) == (64, 80)


def test_instances_become_the_classes_of_pixels():
    data = load("nuclei", image_size=256)
    assert [*data.spec.columns] == ["image", "mask", "boxes", "labels"]
    assert data.spec.columns["mask"].class_names == ("background", "nucleus")
    expected = [(example["instance_map"][..., 0] > 0) for example in raw("nuclei", "validation")]
    np.testing.assert_array_equal(values(data, "mask", "validation"), expected)


def test_a_split_is_chosen_where_none_is_called_train():
    with pytest.raises(UsageError, match="no train split; it has test; say which by split"):
        load("xquad/en")
    data = load("noto2twemoji", split="trainB")
    assert sum(data.spec.counts.values()) == 633
    assert "training examples are of the split trainB" in data.notices
    with pytest.raises(UsageError, match="unknown split of noto2twemoji 'train'; did you mean"):
        load("noto2twemoji", split="train")


@pytest.mark.parametrize(("name", "size"), [("flowers_r128", 40), ("bccd", 96), ("nuclei", 64), ("orl_faces", None)])
def test_what_stays_in_its_files_is_what_would_be_in_memory(monkeypatch, name, size):
    held = load(name, image_size=size)
    monkeypatch.setattr(loader, "fits", lambda *_: False)
    streamed = load(name, image_size=size)
    assert streamed.spec == held.spec
    assert any("pictures do not fit into memory" in notice for notice in streamed.notices)
    for split in ("train", "validation", "test"):
        assert not getattr(streamed, split).columns["image"].in_memory
        for column in held.spec.columns:
            np.testing.assert_array_equal(values(streamed, column, split), values(held, column, split))
    where = {"epoch": tf.Variable(1, dtype="int64"), "first_step": tf.Variable(2, dtype="int64")}
    batches, expected = (data.train.shuffled(32, seed=3, **where, arrange=_pictures) for data in (streamed, held))
    for (one, _), (other, _) in zip(batches, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def _pictures(batch, _):
    return batch["image"], ()
