"""What the tasks ask, against plain definitions."""

import numpy as np
import pytest

from keras_dl.learning import pretext

generator = np.random.default_rng(0)
PICTURES = generator.normal(size=(3, 4, 4, 2))


def test_pictures_are_turned_against_the_clock():
    turned, quarters = pretext.turned(PICTURES)
    assert turned.shape == (12, 4, 4, 2)
    np.testing.assert_array_equal(quarters, [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3)
    np.testing.assert_array_equal(turned[:3], PICTURES)
    np.testing.assert_array_equal(turned[3:6, 0], PICTURES[:, :, -1])  # the right column is on top
    np.testing.assert_array_equal(turned[6:9], PICTURES[:, ::-1, ::-1])


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_whole_patches_are_hidden_others_in_each_picture(share):
    mask = pretext.hidden(np.zeros((50, 8, 12, 2)), share, 2, generator)
    patches = mask.reshape(50, 4, 2, 6, 2, 2)
    assert (patches == patches[:, :, :1, :, :1, :1]).all()
    np.testing.assert_array_equal(mask.mean(axis=(1, 2, 3)), share)
    assert len(np.unique(mask.reshape(50, -1), axis=0)) > 40


def test_what_is_hidden_shows_the_filling_and_the_rest_stays():
    pictures, fill = 255 * generator.random((5, 4, 4, 2)), np.full((4, 4, 2), -7.0)
    shown, targets = pretext.masked(pictures, fill, share=0.5, patch=2, generator=generator)
    pixels, mask = targets.reshape(5, 2, 4, 4, 2).swapaxes(0, 1)
    np.testing.assert_allclose(pixels, pictures / 255, rtol=1e-6)
    np.testing.assert_array_equal(shown, np.where(mask == 1, -7.0, pictures))
    assert mask.mean() == 0.5


def test_imputation_counts_hidden_pixels_only():
    targets = np.array([[[1, 2, 3], [0, 1, 1]], [[1, 1, 1], [1, 0, 0]]], "float32")
    guesses = np.array([[9, 2, 5], [3, 7, 7]], "float32")
    np.testing.assert_allclose(pretext.imputation_loss(targets, guesses), [(0 + 4) / 2, 4])


def test_clusters_are_found_whatever_the_scale_of_a_feature():
    places = generator.integers(0, 2, 200)
    features = np.stack([places + generator.normal(scale=0.05, size=200), np.zeros(200)], axis=1) * [1e-3, 1]
    found = pretext.clusters(features.astype("float32"), 2, seed=0)
    assert (found == places).all() or (found != places).all()
