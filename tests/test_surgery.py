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


def repeated(pictures, channels):
    """The channels of `pictures` one after the other, again and again, to `channels` of them."""
    return pictures[..., np.arange(channels) % pictures.shape[-1]]


@pytest.mark.parametrize(("before", "after"), [(3, 1), (1, 3), (3, 2), (3, 4), (3, 7), (2, 5)])
def test_other_channels_keep_the_function_on_repeating_channels(before, after):
    config = CONFIG.replace(input_shape=(8, 8, before))
    model = config.build()
    adapted = surgery.transplant(model, config.replace(input_shape=(8, 8, after)), fresh=())
    pictures = np.random.default_rng(0).uniform(0, 255, (4, 8, 8, min(before, after))).astype("float32")
    expected, found = model(repeated(pictures, before)), adapted(repeated(pictures, after))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert np.ptp(expected) > 0.01


def test_another_resolution_keeps_every_weight(source):
    adapted = surgery.transplant(source, CONFIG.replace(input_shape=(16, 12, 3)), fresh=())
    for stage in surgery.stages(source):
        assert same(source, adapted, stage)


def test_a_dense_layer_on_all_positions_cannot_follow_the_resolution():
    config = get_config("lenet5_modern")
    larger = config.replace(input_shape=(32, 32, 1))
    with pytest.raises(UsageError, match=r"stage3_dense has weights .*\(400, 120\).*\(576, 120\).*'stage3', as fresh"):
        surgery.transplant(config.build(), larger)
    surgery.transplant(config.build(), larger, fresh=["stage3", "head"])


def test_features_are_the_maps_at_the_end_of_the_stages(source):
    maps = surgery.features(source)
    x = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    found = maps(x)
    assert {stage: tuple(value.shape[1:]) for stage, value in found.items()} == {
        "stem": (8, 8, 4),
        "stage1": (8, 8, 4),
        "stage2": (4, 4, 8),
        "stage3": (2, 2, 16),
    }
    assert surgery.strides(source) == {"stem": 1, "stage1": 1, "stage2": 2, "stage3": 4}
    np.testing.assert_allclose(np.mean(found["stage3"], axis=(1, 2)), surgery.embedding(source)(x), rtol=1e-5)


def test_the_embedding_is_what_the_head_reads(source):
    x = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    kernel, bias = source.get_layer("head").get_weights()
    np.testing.assert_allclose(surgery.embedding(source)(x) @ kernel + bias, source(x), rtol=1e-4, atol=1e-5)


def test_trainable_counts_of_each_level_of_freezing():
    model = CONFIG.build()
    counts = []
    for level in range(5):
        surgery.freeze(model, surgery.stages(model)[:level])
        counts.append(sum(int(np.prod(w.shape)) for w in model.trainable_weights))
    stem, stage1, stage2 = 28 * 4 + 8, 2 * (37 * 4 + 8), 37 * 8 + 16 + 73 * 8 + 16 + 5 * 8
    stage3, head = 73 * 16 + 32 + 145 * 16 + 32 + 9 * 16, 17 * 10
    assert counts == [sum(sizes) for sizes in ([stem, stage1, stage2, stage3, head][level:] for level in range(5))]


def test_frozen_statistics_do_not_move():
    model = CONFIG.build()
    surgery.freeze(model, ["stem", "stage1"])
    before = {w.path: w.numpy() for w in model.non_trainable_weights if "moving" in w.path}
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).uniform(0, 255, (4, 8, 8, 3)).astype("float32")
    model.fit(x, np.zeros((4, 10)), verbose=0)
    moved = {
        surgery.stage_of(layer)
        for layer in model.layers
        for w in layer.weights
        if "moving" in w.path and not np.array_equal(w.numpy(), before[w.path])
    }
    assert moved == {"stage2", "stage3"}
