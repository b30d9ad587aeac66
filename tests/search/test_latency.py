"""The time of one forward pass, measured elsewhere."""

import dataclasses
import os

import pytest

from keras_dl import UsageError, get_config
from keras_dl.config import Config
from keras_dl.search import latency
from keras_dl.search.helper import Helper
from keras_dl.search.latency import measured

PRELOAD = ["keras_dl.search.worker", "test_latency"]
pytestmark = pytest.mark.usefixtures("processes")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Deadly(Config):
    task = "classification"


def build(config):
    os._exit(1)


def test_a_larger_network_takes_longer():
    narrow, wide = get_config("mlp", hidden=(8,)), get_config("mlp", hidden=(4096,), depth=3)
    with Helper() as helper:
        first, second = measured(narrow, helper), measured(wide, helper)
    assert 0 < first < second


def test_a_network_that_ends_its_process_is_named():
    message = "test_latency could not be run to measure its latency: its process ended with status 1"
    with pytest.raises(UsageError, match=message), Helper() as helper:
        measured(Deadly(), helper)


def test_one_far_over_the_limit_is_run_a_few_times_only(monkeypatch):
    calls = []
    clock = iter(range(1000))
    monkeypatch.setattr(latency.time, "perf_counter", lambda: calls.append(1) or next(clock))
    assert latency.milliseconds(get_config("mlp", hidden=(8,)), most=1.0) == 1000
    assert len(calls) == 2 * latency.FEW
