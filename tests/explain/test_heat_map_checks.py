"""What is measured about maps: their mass, their likeness, and that they change with the weights."""

import numpy as np
import pytest

from keras_dl import UsageError, explain, get_config


@pytest.fixture(scope="module")
def model():
    return get_config("resnet20", input_shape=(8, 8, 3), filters=8, blocks=1).build()


def test_mass_is_the_part_of_the_magnitudes_in_the_region():
    maps = np.zeros((3, 2, 2, 2))
    maps[0, 0, 0] = (-1, 2)
    maps[0, 1, 1] = (1, 0)
    maps[1, 1, 1] = (0, -5)
    region = np.array([[True, False], [False, False]])
    np.testing.assert_allclose(explain.mass_inside(maps, region), [0.75, 0, 0])
    np.testing.assert_allclose(explain.mass_inside(maps.sum(axis=-1), np.stack([region, ~region, region])), [0.5, 1, 0])


def test_rank_correlation_is_of_the_order_alone():
    maps = np.random.default_rng(0).normal(size=(3, 5, 4))
    np.testing.assert_allclose(explain.rank_correlation(maps, np.exp(maps)), 1)
    np.testing.assert_allclose(explain.rank_correlation(maps, -maps), -1)
    np.testing.assert_array_equal(explain.rank_correlation(maps, np.ones_like(maps)), 0)


def test_named_stages_are_drawn_anew_and_no_others(model):
    copy = explain.randomized(model, ["stage3", "head"], seed=0)
    again = explain.randomized(model, ["stage3", "head"], seed=0)
    for ours, theirs, same in zip(copy.layers, model.layers, again.layers, strict=True):
        for weight, original, repeated in zip(ours.weights, theirs.weights, same.weights, strict=True):
            np.testing.assert_array_equal(weight, repeated)
            if weight.name == "kernel":
                kept = ours.name.startswith(("stem", "stage1", "stage2"))
                assert np.array_equal(weight, original) == kept, weight.path
    with pytest.raises(UsageError, match="unknown stage 'stage4'"):
        explain.randomized(model, ["stage4"], seed=0)


@pytest.mark.parametrize("method", ["gradient", "gradient_x_input", "lrp", "grad_cam"])
def test_other_weights_give_another_map(model, method):
    x = np.random.default_rng(0).uniform(0, 255, (8, 8, 8, 3)).astype("float32")
    explained = getattr(explain, method)
    maps = explained(model, x, [0] * 8)
    others = explained(explain.randomized(model, ["stem", "stage1", "stage2", "stage3", "head"], seed=1), x, [0] * 8)
    assert maps.any()
    assert others.any()
    assert np.mean(np.abs(explain.rank_correlation(maps, others))) < 0.6


def test_without_biases_nothing_comes_from_nothing():
    model = get_config("lecun1989_modern").build()
    for variable in model.weights:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape))
    copy, black = explain.without_biases(model), np.full((1, 16, 16, 1), 127.5)  # normalised to 0
    assert not np.any(copy(black))
    assert np.any(copy(black + 10))
    assert np.all(model(black))
    for ours, theirs in zip(copy.weights, model.weights, strict=True):
        assert np.any(ours) == (ours.name != "bias")
        assert ours.name == "bias" or np.array_equal(ours, theirs)
