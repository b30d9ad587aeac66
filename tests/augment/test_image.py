"""Each change of pictures is a function of the pictures and a seed, and does what it says to each picture."""

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from keras_dl import UsageError
from keras_dl.augment import policy
from keras_dl.augment.image import (
    CHANGES,
    brightness,
    color,
    compose,
    contrast,
    crop,
    erase,
    flip,
    rotate,
    scale,
    shift,
)
from keras_dl.augment.pixels import saturated

PICTURES = np.random.default_rng(0).integers(1, 256, (64, 16, 12, 3)).astype("float32")
GENTLE = 100 + PICTURES / 10  # stays in 0..255 whatever its contrast and brightness
POLICY = ("identity", "solarize", "equalize", "sharpness", *policy.LAYERS, "saturation")
EVERY = {**CHANGES, **{f"rand_{name}": change for name, change in zip(POLICY, policy._changes(3), strict=True)}}


def seed(number):
    return tf.constant([number, 1], "int64")


@pytest.mark.parametrize("name", sorted(EVERY.keys() - {"rand_identity"}))
def test_each_picture_changes_in_its_own_way_that_the_seed_decides(name):
    change = EVERY[name]
    first, again = change(PICTURES, seed(1)).numpy(), change(PICTURES, seed(1)).numpy()
    np.testing.assert_array_equal(first, again)
    assert (first.shape, first.dtype) == (PICTURES.shape, np.float32)
    assert first.min() >= 0 and first.max() <= 255
    if name not in ("rand_equalize", "rand_auto_contrast"):
        assert not np.array_equal(first, change(PICTURES, seed(2)))
        same = np.repeat(PICTURES[:1], 64, axis=0)
        assert len({picture.tobytes() for picture in change(same, seed(1)).numpy()}) > 1


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_in_an_input_pipeline_the_shape_stays_known(name):
    change = tf.autograph.experimental.do_not_convert(lambda x: CHANGES[name](x, seed(1)))
    batches = tf.data.Dataset.from_tensor_slices(PICTURES).batch(24).map(change)
    assert batches.element_spec.shape == (None, 16, 12, 3)
    assert [len(batch) for batch in batches] == [24, 24, 16]


def test_flip_mirrors_about_half_of_the_pictures():
    flipped = flip(PICTURES, seed(3)).numpy()
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, PICTURES, strict=True)]
    same = [np.array_equal(a, b) for a, b in zip(flipped, PICTURES, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 16 <= sum(mirrored) <= 48


def test_shift_moves_each_picture_by_up_to_an_eighth_and_fills_with_black():
    shifted = shift(PICTURES, seed(4)).numpy()
    found = set()
    for before, after in zip(PICTURES, shifted, strict=True):
        frame = np.pad(before, ((2, 2), (2, 2), (0, 0)))
        moves = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if np.array_equal(frame[down : down + 16, right : right + 12], after)
        ]
        assert len(moves) == 1
        found.add(moves[0])
    assert {down for down, _ in found} == {right for _, right in found} == set(range(5))


def test_rotate_turns_by_up_to_15_degrees_as_scipy_does():
    picture = scipy.ndimage.gaussian_filter(np.random.default_rng(1).uniform(0, 255, (24, 24)), 2)
    turned = rotate(np.repeat(picture[None, ..., None], 40, axis=0).astype("float32"), seed(5)).numpy()[..., 0]
    angles = np.arange(-20, 20.5, 0.5)
    candidates = np.stack([scipy.ndimage.rotate(picture, angle, reshape=False, order=1) for angle in angles])
    errors = np.abs(candidates[:, 5:-5, 5:-5] - turned[:, None, 5:-5, 5:-5]).mean(axis=(2, 3))
    assert errors.min(axis=1).max() < 0.5
    found = angles[errors.argmin(axis=1)]
    assert -15.5 <= found.min() < -8 and 8 < found.max() <= 15.5


def test_scale_enlarges_and_reduces_by_up_to_a_fifth():
    square = np.zeros((60, 50, 50, 1), "float32")
    square[:, 15:35, 15:35] = 255
    sides = np.sqrt(scale(square, seed(6)).numpy().sum(axis=(1, 2, 3)) / 255) / 20
    assert 1 / 1.2 - 0.01 <= sides.min() < 0.9 and 1.1 < sides.max() <= 1 / 0.8 + 0.01


def test_crop_enlarges_a_part_of_at_least_half_the_area():
    x, y = np.meshgrid(np.arange(20.0), np.arange(30.0))
    ramps = np.repeat(np.stack([x, y], axis=-1)[None], 200, axis=0).astype("float32")
    cropped = crop(ramps, seed(7)).numpy()
    across, down = cropped[:, 15, 1:-1, 0], cropped[:, 1:-1, 10, 1]
    np.testing.assert_allclose(np.diff(across, n=2), 0, atol=1e-3)
    wide, tall = np.diff(across)[:, 0], np.diff(down)[:, 0]
    assert np.all((wide * tall > 0.49) & (wide * tall < 1.001))
    assert np.all((across[:, 0] >= 0.5) & (across[:, -1] <= 18.5) & (down[:, 0] >= 0.5) & (down[:, -1] <= 28.5))
    ratio = wide / tall
    assert 0.74 < ratio.min() < 0.9 and 1.1 < ratio.max() < 1.34


def test_contrast_stretches_each_picture_around_its_mean():
    before, after = (x - x.mean(axis=(1, 2), keepdims=True) for x in (GENTLE, contrast(GENTLE, seed(8)).numpy()))
    factors = (after * before).sum(axis=(1, 2, 3)) / (before**2).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(after, factors[:, None, None, None] * before, atol=1e-3)
    assert 0.6 <= factors.min() < 0.8 and 1.2 < factors.max() <= 1.4


def test_brightness_adds_one_number_to_each_picture():
    added = brightness(GENTLE, seed(9)).numpy() - GENTLE
    np.testing.assert_allclose(added, added[:, :1, :1, :1] * np.ones_like(added), atol=1e-3)
    assert -51 <= added.min() < -25 and 25 < added.max() <= 51


def test_color_leaves_gray_alone_and_turns_the_rest():
    gray = np.repeat(PICTURES[..., :1], 3, axis=-1)
    np.testing.assert_allclose(color(gray, seed(10)), gray, atol=0.05)
    assert np.abs(color(PICTURES, seed(10)) - PICTURES).mean(axis=(1, 2, 3)).max() > 10


def test_saturated_is_gray_at_0_and_the_picture_at_1():
    zero, one = (saturated(PICTURES, tf.fill([64, 1, 1, 1], amount)).numpy() for amount in (0.0, 1.0))
    np.testing.assert_allclose(one, PICTURES, atol=1e-3)
    np.testing.assert_allclose(zero, np.repeat(tf.image.rgb_to_grayscale(PICTURES), 3, axis=-1), atol=1e-3)


def test_erase_blacks_out_one_rectangle():
    erased = erase(PICTURES, seed(11)).numpy()
    shares = []
    for before, after in zip(PICTURES, erased, strict=True):
        rows, columns = np.nonzero((before != after).any(axis=-1))
        inside = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
        assert not after[inside].any()
        shares.append(after[inside].size / after.size)
        after[inside] = before[inside]
        np.testing.assert_array_equal(before, after)
    assert min(shares) < 0.15 and 0.2 < max(shares) < 0.45


def test_rand_augment_takes_two_of_fourteen_for_each_picture():
    assert len(policy._changes(3)) == 14
    assert len(policy._changes(1)) == 13
    same = np.repeat(GENTLE[:1], 2000, axis=0)
    changed = CHANGES["rand_augment"](same, seed(12)).numpy()
    untouched = (changed == same).all(axis=(1, 2, 3)).mean()
    # identity, and solarize of values that are all below its threshold; posterize keeps whole numbers at 8 bits only
    assert untouched == pytest.approx((2 / 14) ** 2, abs=0.015)


ROWS, COLUMNS = np.meshgrid(np.arange(-7.5, 8), np.arange(-5.5, 6), indexing="ij")
MEASURES = {
    "rotate": lambda x: (x * ROWS * (COLUMNS + 9)).sum(axis=(1, 2)),
    "shear_x": lambda x: (x * ROWS * COLUMNS).sum(axis=(1, 2)),
    "shear_y": lambda x: (x * ROWS * COLUMNS).sum(axis=(1, 2)),
    "translate_x": lambda x: (x * COLUMNS).sum(axis=(1, 2)),
    "translate_y": lambda x: (x * ROWS).sum(axis=(1, 2)),
    "brightness": lambda x: x.mean(axis=(1, 2)),
    "contrast": lambda x: x.std(axis=(1, 2)),
    "sharpness": lambda x: np.abs(np.diff(x, axis=1)).mean(axis=(1, 2)),
    "saturation": lambda x: x.mean(axis=(1, 2)),
}


@pytest.mark.parametrize("name", MEASURES)
def test_the_changes_of_rand_augment_go_both_ways(name):
    spot = 60 + 60 * np.exp(-(ROWS**2 + (COLUMNS - 2) ** 2) / 8)
    same = np.repeat((spot[..., None] * [1.2, 0.8, 0.9])[None], 64, axis=0).astype("float32")
    before, after = (MEASURES[name](x[..., 0]) for x in (same, EVERY[f"rand_{name}"](same, seed(1)).numpy()))
    assert 12 <= (after > before + 0.02).sum() <= 52
    assert 12 <= (after < before - 0.02).sum() <= 52


def test_equalize_spreads_each_picture_and_channel_by_its_own_histogram():
    found = EVERY["rand_equalize"](np.round(GENTLE), seed(1)).numpy()
    channel = np.round(GENTLE)[7, ..., 2].ravel()
    rank = np.array([(channel <= value).sum() for value in channel])
    least = rank.min()
    np.testing.assert_allclose(found[7, ..., 2].ravel(), 255 * (rank - least) / (channel.size - least), rtol=1e-5)
    flat = np.full((2, 4, 4, 1), 7, "float32")
    np.testing.assert_array_equal(EVERY["rand_equalize"](flat, seed(1)), flat)


def test_compose_gives_each_change_a_seed_of_its_own():
    assert compose(()) is None
    both = compose(("flip", "shift"))(PICTURES, seed(5)).numpy()
    by_hand = [tf.random.experimental.stateless_fold_in(seed(5), number) for number in (0, 1)]
    np.testing.assert_array_equal(both, shift(flip(PICTURES, by_hand[0]), by_hand[1]))


def test_gray_pictures_have_no_color():
    with pytest.raises(UsageError, match=r"color changes RGB pictures, these have 1 channel\(s\); leave it out"):
        compose(("flip", "color"), 1)
    assert compose(("color",), 3) is not None


def test_global_random_numbers_stay_as_they_are():
    import random

    random.seed(1)
    expected = random.getstate()
    compose(("rand_augment", "erase"))(PICTURES, seed(1))
    assert random.getstate() == expected
