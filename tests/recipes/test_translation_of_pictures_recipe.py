"""Digits of two pens are translated, with and without the way back, and compared with the truth."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.data.kinds import paired
from keras_dl.recipes.translation_of_pictures import CYCLE, FREE, TranslationOfPictures, thick_on_gray, two_pens


def test_a_short_run(tmp_path):
    settings = {"filters": 4, "blocks": 1, "steps": 3, "batch_size": 4}
    results, claims = short_run(TranslationOfPictures(out=str(tmp_path), seeds=1, **settings))
    assert len(claims) == 2
    for method in (CYCLE, FREE):
        assert 0 < results.mean("error", method=method) < 100
        assert np.array(results.values("pictures", method=method)).shape == (1, 4, 8, 8, 8, 1)
    np.testing.assert_array_equal(results.values("copied", method=CYCLE), results.values("copied", method=FREE))


def test_pairs_are_known_in_the_test_alone():
    data = two_pens(load("digits"))
    assert not len(paired(data.train)) and not len(paired(data.validation))
    first, second = (data.test.take(places).inputs() for places in paired(data.test).T)
    np.testing.assert_allclose(thick_on_gray(first), second, rtol=1e-6)
    thin = np.zeros((1, 1, 4, 1))
    thin[0, 0, 2] = 255
    np.testing.assert_array_equal(thick_on_gray(thin)[0, 0, :, 0], [100, 255, 255, 100])


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("batch_size", 1, "a batch takes examples of 2 groups; batch_size=1 is less"),
        ("filters", 0, "filters must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        TranslationOfPictures(out=str(tmp_path), **{"blocks": 1, option: value}).run()
