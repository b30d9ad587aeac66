"""A trial uses all devices that it is given, and finds what it finds on one."""

import dataclasses

import pytest
import search_job

import keras_dl
from keras_dl.data import load
from keras_dl.search import search
from keras_dl.search.child import Limits
from keras_dl.search.local_pool import LocalPool

PRELOAD = ["search_job", "two_devices"]


def test_a_mirrored_trial_finds_what_a_single_device_does(processes, tmp_path):
    settings = dataclasses.replace(search_job.SETTINGS, max_trials=1)
    found = {}
    for strategy in (None, "mirrored"):
        chosen, pool = dataclasses.replace(settings, strategy=strategy), LocalPool("two_devices:train", Limits())
        found[strategy] = search(search_job.CONFIG, "digits", chosen, tmp_path / str(strategy), pool=pool)[-1]
    assert (found[None].reason, found["mirrored"].reason) == ("1 devices", "2 devices")
    assert found["mirrored"].score == pytest.approx(found[None].score, abs=0.02)

    model = keras_dl.load(tmp_path / "mirrored" / "trials" / f"{found['mirrored'].number:04d}" / "model")
    validation = load("digits", seed=settings.seed).validation
    right = (model.predict(validation.inputs(), verbose=0).argmax(axis=1) == validation.labels).mean()
    assert right == pytest.approx(found["mirrored"].score, abs=1e-6)
