"""A network keeps what it has learned where it is told to, and nowhere else."""

import numpy as np
import pytest

from keras_dl import UsageError, get_config, surgery

CONFIG = get_config("resnet20", filters=4, blocks=1, input_shape=(8, 8, 3))


@pytest.fixture(scope="module")
def source():
    return CONFIG.build()


def weights(model, stage):
    return [w for layer in model.layers if surgery.stage_of(layer) == stage for w in layer.get_weights()]


def same(model, other, stage):
    return all(np.array_equal(a, b) for a, b in zip(weights(model, stage), weights(other, stage), strict=True))


def test_stages_come_from_the_names_of_layers(source):
    assert surgery.stages(source) == ["stem", "stage1", "stage2", "stage3", "head"]
    assert surgery.feature_stages(source) == ["stem", "stage1", "stage2", "stage3"]


def test_dense_stages_are_no_features():
    lenet = get_config("lenet5_modern").build()
    assert surgery.stages(lenet) == ["stage1", "stage2", "stage3", "stage4", "head"]
    assert surgery.feature_stages(lenet) == ["stage1", "stage2"]
    assert surgery.feature_stages(get_config("mlp").build()) == []


def test_a_new_head_on_kept_stages(source):
    target = surgery.transplant(source, CONFIG.replace(classes=3))
    assert target.output_shape == (None, 3)
    for stage in ("stem", "stage1", "stage2", "stage3"):
        assert same(source, target, stage)
    assert same(source, source, "head")


def test_fresh_stages_are_initialised_anew(source):
    target = surgery.transplant(source, CONFIG, fresh=["stage2", "head"])
    assert [same(source, target, stage) for stage in surgery.stages(source)] == [True, True, False, True, False]


def test_the_kept_weights_are_copies(source):
    target = surgery.transplant(source, CONFIG)
    layer = target.get_layer("stem_conv")
    layer.set_weights([weight + 1 for weight in layer.get_weights()])
    assert not same(source, target, "stem")


def test_frozen_are_exactly_the_stages_that_are_named():
    model = CONFIG.build()
    surgery.freeze(model, ["stem", "stage2"])
    trained = {surgery.stage_of(layer) for layer in model.layers if layer.trainable_weights}
    assert trained == {"stage1", "stage3", "head"}
    surgery.freeze(model, [])
    assert {surgery.stage_of(layer) for layer in model.layers if layer.trainable_weights} == set(surgery.stages(model))


def test_unknown_stages_are_refused_with_the_nearest(source):
    with pytest.raises(UsageError, match="unknown stage 'stage4'; did you mean stage"):
        surgery.transplant(source, CONFIG, fresh=["stage4"])
    with pytest.raises(UsageError, match="unknown stage 'haed'; did you mean head"):
        surgery.freeze(CONFIG.build(), ["haed"])
