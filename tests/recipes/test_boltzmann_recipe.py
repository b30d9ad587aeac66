"""Likelihoods of machines by three kinds of chains, and features of moved pictures."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import Split
from keras_dl.recipes.boltzmann import CHAINS, Boltzmann, moved


def test_machines_become_likelier_and_make_features(tmp_path):
    results, claims = short_run(Boltzmann(out=str(tmp_path), seeds=1, steps=200, units=32))
    assert len(claims) == 6
    assert claims[0].held and claims[1].measured.min() > 0
    for name in CHAINS:
        assert -40 < results.mean("likelihood", chains=name) < -15
    assert results.mean("pixels", chains="features") == pytest.approx(78.7, abs=0.5)
    assert results.mean("hidden", chains="features") > 60


def test_pictures_are_moved_to_four_sides():
    pictures = np.zeros((2, 3, 3, 1), "uint8")
    pictures[:, 1, 1] = [[7], [9]]
    found = moved(Split.of(pictures, np.array([0, 1])))
    places = np.argwhere(found.inputs()[..., 0] > 0)
    assert {tuple(place[1:]) for place in places} == {(1, 1), (0, 1), (2, 1), (1, 0), (1, 2)}
    np.testing.assert_array_equal(found.labels, [0, 1] * 5)
    assert len(places) == 10


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("units", 0, "units must be at least 1, got 0"),
        ("labels", 5000, "labels asks for 5000; digits has 12.. training examples"),
        ("steps", 0, "steps must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        Boltzmann(out=str(tmp_path), **{option: value}).run()
