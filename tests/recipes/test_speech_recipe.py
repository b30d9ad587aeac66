"""Words of tones are made out by networks and by Gaussians; borders are read from states."""

import numpy as np
import pytest
import soundfile
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.speech import MODELS, Speech, borders


@pytest.fixture
def recordings(tmp_path):
    generator = np.random.default_rng(0)
    for name, (first, second) in {"up": (500, 1500), "down": (1500, 500), "flat": (900, 900)}.items():
        (tmp_path / "words" / name).mkdir(parents=True)
        for number in range(24):
            length = generator.integers(700, 1200)
            pitch = np.where(np.arange(length) < length // 2, first, second)
            sound = 0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / 8000) + generator.normal(0, 0.01, length)
            soundfile.write(tmp_path / "words" / name / f"{number}.wav", sound, 8000)
    return tmp_path


def test_all_models_make_words_out(recordings):
    size = {"words": 2, "states": 3, "units": 32, "layers": 1, "mixtures": 2, "frames": 7}
    training = {"epochs": 12, "batch_size": 8, "learning_rate": 1e-2}
    recipe = Speech(data=str(recordings / "words"), out=str(recordings / "run"), seeds=1, **size, **training)
    results, claims = short_run(recipe)
    assert len(claims) == 5
    for model in MODELS:
        assert 0 <= results.mean("errors", model=model) < 80
    assert results.mean("errors", model="network") < 40
    assert results.mean("borders", model="network") < 60


def test_borders_are_where_words_begin_and_end():
    states = np.array([6, 6, 0, 0, 1, 2, 6, 3, 4, 4, 5, 0, 1, 2, 2])
    np.testing.assert_array_equal(borders(states, 6, 3), [2, 7, 11, 6, 11, 15])


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("words", 0, "words must be at least 1, got 0"),
        ("words", 100, "strings of 100 words are wanted"),
        ("frames", 4, "frames must be an odd number, got 4"),
        ("epochs", 0, "epochs must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_run(recordings, option, value, words):
    with pytest.raises(UsageError, match=words):
        Speech(data=str(recordings / "words"), out=str(recordings / "run"), **{option: value}).run()
