"""The token and the tag stand where they should, and both networks are asked with and without."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.shortcuts import METHODS, Shortcuts, corner, stamped


def test_a_short_run_plants_measures_and_draws(tmp_path):
    results, claims = short_run(Shortcuts(out=str(tmp_path), seeds=1, steps=5, filters=4, explained=5))
    assert len(claims) == 4 + 2 * len(METHODS)
    for planted, keys in (("token", ("inside", "outside", "follows")), ("tag", ("with", "without", "others"))):
        for key in (*keys, *(f"{name} peak" for name in METHODS)):
            assert 0 <= results.values(key, planted=planted)[0] <= 100
        for name in METHODS:
            assert 0 <= results.values(f"{name} mass", planted=planted)[0] <= 16


def test_the_patch_covers_a_sixteenth_of_the_picture_in_its_corner():
    for size in (16, 28, 96):
        region = corner((size, size, 1), "upper left")
        assert region.mean() == 1 / 16
        assert not region[size // 2 :].any()
        assert not region[0].any()
        np.testing.assert_array_equal(corner((size, size, 1), "lower right"), region[::-1, ::-1])


def test_a_checkerboard_is_stamped_on_the_marked_pictures_alone():
    pictures, region = np.full((3, 16, 16, 3), 7.0), corner((16, 16, 3), "upper left")
    found = stamped(pictures, np.array([False, True, False]), region)
    np.testing.assert_array_equal(found[[0, 2]], 7)
    np.testing.assert_array_equal(found[1][~region], 7)
    np.testing.assert_array_equal(found[1, 1:5, 1:5, 2], 255 * (np.indices((4, 4)).sum(axis=0) % 2))
    np.testing.assert_array_equal(pictures, 7)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"filters": 0}, "filters must be at least 1, got 0"),
        ({"explained": 0}, "explained must be at least 1, got 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0 and finite, got 0.0"),
    ],
)
def test_options_that_cannot_run(options, words):
    with pytest.raises(UsageError, match=words):
        Shortcuts(**options)
