"""Folders of recordings: read, made alike, learned from and used."""

import numpy as np
import pytest
import soundfile

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.augment.by_name import by_name
from keras_dl.data import load, spectra
from keras_dl.data.sounds import read_sound, resampled
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.job import Job

RATE = 4000


def tone(hertz, seconds, rate=RATE):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype("float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root, generator = tmp_path_factory.mktemp("data") / "tones", np.random.default_rng(0)
    for name, low in (("high", 1000), ("low", 200)):
        (root / name).mkdir(parents=True)
        for number in range(16):
            sound = tone(low + 100 * generator.random(), 0.1 + 0.05 * generator.random())
            soundfile.write(root / name / f"{number}.wav", sound, RATE)
    return root


def test_a_file_is_the_mean_of_its_channels(tmp_path):
    left, right = tone(100, 0.1), tone(300, 0.1)
    for ending in ("wav", "flac"):
        soundfile.write(tmp_path / f"two.{ending}", np.stack([left, right], axis=1), RATE)
        sound, rate = read_sound(tmp_path / f"two.{ending}")
        assert (sound.dtype, rate) == ("float32", RATE)
        np.testing.assert_allclose(sound, (left + right) / 2, atol=1e-4)


def test_another_rate_keeps_the_tone():
    sound = resampled(tone(440, 1, 8000), 8000, RATE)
    assert len(sound) == RATE and np.abs(np.fft.rfft(sound)).argmax() == 440


def test_recordings_of_a_folder(folder, tmp_path):
    data = load(folder)
    assert (data.spec.kind, data.spec.rate, data.spec.class_names) == ("audio", RATE, ("high", "low"))
    assert len(data.train) + len(data.validation) + len(data.test) == 32
    assert any("samples long" in notice for notice in data.notices)


@pytest.mark.parametrize(
    "content, reason",
    [(b"", "cannot be read"), (b"RIFF....WAVE", "cannot be read"), (None, "has no sound")],
)
def test_a_file_that_is_none(folder, tmp_path, content, reason):
    root = tmp_path / "tones"
    for name in ("high", "low"):
        (root / name).mkdir(parents=True)
        for number in range(8):
            (root / name / f"{number}.wav").write_bytes((folder / name / f"{number}.wav").read_bytes())
    if content is None:
        soundfile.write(root / "low" / "bad.wav", np.zeros(0, "float32"), RATE)
    else:
        (root / "low" / "bad.wav").write_bytes(content)
    with pytest.raises(UsageError, match=f"1 of 17 recordings cannot be used: .*bad.wav {reason}.*; --skip-bad"):
        load(root)
    data = load(root, skip_bad=True)
    assert len(data.train) + len(data.validation) + len(data.test) == 16


def test_only_sounds_are_changed_as_sounds(folder):
    spec = spectra.series(load(folder)).spec
    assert by_name(("noise",), spec)["augment"] is not None
    with pytest.raises(UsageError, match="flip changes pictures, tones has sounds; they take pitch, speed, noise"):
        by_name(("flip",), spec)
    with pytest.raises(UsageError, match="noise changes sounds, digits has pictures"):
        by_name(("noise",), load("digits").spec)


def test_silence_after_a_sound_changes_nothing(folder):
    short = spectra.series(load(folder))
    column = short.spec.columns["series"]
    sound = tone(300, 0.1)
    one, longer = (spectra.heard(column, [values])[0] for values in (sound, np.pad(sound, (0, 150))))
    np.testing.assert_array_equal(one, longer)
    assert one.any(axis=-1)[:9].all() and not one.any(axis=-1)[-1]


@pytest.mark.parametrize("network", ["gru_classifier", "mlp"])
def test_networks_learn_to_tell_recordings(network, folder, tmp_path):
    small = {"units": 8, "dropout": 0.0} if network == "gru_classifier" else {"hidden": (16,)}
    job = Job(
        network=get_config(network, **small),
        task=get_task("classification"),
        loading={"name": str(folder)},
        options=Options(epochs=20, batch_size=4, learning_rate=1e-2 if network == "gru_classifier" else 1e-3),
        augment=("noise",) if network == "gru_classifier" else (),
    )
    config, data = job.adapted()
    done = job.train(tmp_path / "run", config, data, verbose=0)
    assert done.evaluate(data.test)["accuracy"] == 1
    done.save(tmp_path / "model")
    soundfile.write(tmp_path / "new.wav", tone(250, 0.12, 8000), 8000)
    [answer] = keras_dl.predict(tmp_path / "model", [tmp_path / "new.wav"])
    assert answer.value["class"] == "low"
    with pytest.raises(UsageError, match="missing.wav"):
        keras_dl.predict(tmp_path / "model", [tmp_path / "missing.wav"])
