"""Faster R-CNN: counts, shapes of all outputs, frozen norms, saving, precision, refusals, and that it learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_dl
from keras_dl.data.spec import Column, Spec

SMALL = keras_dl.get_config(
    "faster_rcnn_r50_fpn",
    filters=4,
    blocks=(1, 1, 1, 1),
    input_shape=(64, 96, 3),
    classes=2,
    anchor_side=16,
    proposals=50,
)
X = np.random.default_rng(0).integers(0, 256, (3, 64, 96, 3)).astype("float32")


def test_counts_are_torchvision_s():
    trained, frozen = (
        keras_dl.describe("faster_rcnn_r50_fpn", frozen_norms=frozen_norms) for frozen_norms in (False, True)
    )
    assert trained.parameters == frozen.parameters == 41_861_526
    assert (trained.trainable_parameters, frozen.trainable_parameters) == (41_808_406, 41_755_286)
    assert keras_dl.describe("faster_rcnn_r50_fpn", classes=20).trainable_parameters == 41_449_656


def test_the_head_counts_at_every_proposal():
    layers = {layer.name: layer for layer in keras_dl.describe("faster_rcnn_r50_fpn").layers}
    dense = {"dense1": 49 * 256 * 1024, "dense2": 1024 * 1024, "classes": 1024 * 91, "deltas": 1024 * 4 * 91}
    for name, multiply_adds in dense.items():
        assert layers[f"head_boxes/head_{name}"].multiply_adds == 1000 * multiply_adds, name
    positions = sum(rows * columns for rows, columns in ((200, 336), (100, 168), (50, 84), (25, 42), (13, 21)))
    assert layers["rpn/rpn_conv"].multiply_adds == positions * 9 * 256 * 256
    assert layers["head_boxes/head_align"].activation_bytes == 4 * 1000 * 49 * 256


def test_all_widths_follow_the_filters():
    model = SMALL.build()
    assert model.get_layer("backbone").output["p2"].shape[1:] == (16, 24, 16)
    assert [*SMALL.grids] == [(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)]
    assert [one.shape[1:3] for one in model.get_layer("backbone").output.values()] == [*SMALL.grids]
    assert model.get_layer("head_boxes").get_layer("head_dense1").units == 64
    double = SMALL.scaled(width=2).build()
    assert double.get_layer("backbone").output["p2"].shape[-1] == 32
    assert double.get_layer("head_boxes").get_layer("head_dense1").units == 128


def test_proposals_follow_the_size_of_the_pictures():
    full = keras_dl.get_config("faster_rcnn_r50_fpn")
    sizes = {(800, 1344): 1000, (1600, 2688): 1000, (160, 160): 200, (64, 96): 80}
    assert {size: full.replace(input_shape=(*size, 3)).looked_at for size in sizes} == sizes
    assert SMALL.looked_at == 50


@pytest.mark.parametrize("jit", [False, True])
def test_outputs_have_the_shapes_that_the_model_says(jit):
    model = SMALL.build()
    outputs = tf.function(model, jit_compile=jit)(X)
    assert outputs.keys() == {"objectness", "deltas", "proposals", "class_logits", "box_deltas"}
    anchors = 3 * sum(rows * columns for rows, columns in SMALL.grids)
    for name, shape in {
        "objectness": (anchors,),
        "deltas": (anchors, 4),
        "proposals": (50, 4),
        "class_logits": (50, 3),
        "box_deltas": (50, 3, 4),
    }.items():
        assert outputs[name].shape == (3, *shape), name
        assert model.output[name].shape == (None, *shape), name
        assert np.isfinite(outputs[name]).all()
    boxes = outputs["proposals"].numpy()
    real = (boxes != -1).any(axis=-1)
    assert real.sum() > 10 and (boxes[real] >= 0).all() and (boxes[real] <= [96, 64, 96, 64]).all()
    assert np.all(np.diff(real.astype(int), axis=1) <= 0), "pads come last"


def test_each_picture_is_answered_by_itself():
    model = SMALL.build()
    together, alone = model(X), model(X[1:2])
    for name, values in alone.items():
        np.testing.assert_allclose(values[0], together[name][1], rtol=1e-3, atol=1e-3, err_msg=name)


def test_frozen_norms_stand_still():
    model = SMALL.replace(frozen_norms=True).build()
    norms = [layer for layer in model.get_layer("backbone").layers if "norm" in layer.name and layer.weights]
    assert len(norms) == 1 + 4 * 3 + 4 and not any(layer.trainable_weights for layer in norms)
    np.testing.assert_array_equal(
        model.get_layer("backbone")(X, training=True)["p5"], model.get_layer("backbone")(X, training=False)["p5"]
    )


def test_saving_keeps_the_outputs(tmp_path):
    model = SMALL.build()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for name, values in loaded(X).items():
        np.testing.assert_array_equal(values, model(X)[name])


def test_under_mixed_precision_boxes_stay_exact():
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        model = keras_dl.build(SMALL)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    outputs = model(X)
    assert outputs["proposals"].dtype == tf.float32 and outputs["class_logits"].dtype == tf.bfloat16
    anchors, boxes = model.get_layer("proposals").anchors, outputs["proposals"].numpy()
    assert anchors.dtype == np.float32
    rounded = tf.cast(tf.cast(boxes, "bfloat16"), "float32").numpy()
    assert (rounded != boxes).any(), "boxes were rounded to the precision of the network"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input_shape": (31, 64, 3)}, "input 31x64 is too small for this faster_rcnn; use at least 32x32"),
        ({"input_shape": (100, 130, 3)}, "takes multiples of 32 pixels, got 100x130; the nearest is 96x128"),
        ({"input_shape": (64, 64, 0)}, "input_shape must be at least 1, got 0"),
        ({"classes": 0}, "classes must be at least 1, got 0"),
        ({"proposals": 0}, "proposals must be at least 1, got 0"),
        ({"anchor_side": 0}, "anchor_side must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError) as error:
        keras_dl.get_config("faster_rcnn_r50_fpn", **changes)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_data_decide_the_size_and_the_classes():
    columns = {
        "image": Column(kind="image", shape=(150, 210, 3)),
        "boxes": Column(kind="boxes", shape=(7, 4)),
        "labels": Column(kind="classes", shape=(7,), classes=1, class_names=("cell",)),
    }
    spec = Spec(name="cells", columns=columns)
    config = keras_dl.get_config("faster_rcnn_r50_fpn").for_data(spec)
    assert (config.input_shape, config.classes) == ((160, 224, 3), 1)
    with pytest.raises(keras_dl.UsageError, match="faster_rcnn needs boxes of objects, cells has none"):
        SMALL.for_data(Spec(name="cells", columns={"image": columns["image"]}))
