"""The time of one forward pass, measured elsewhere."""

import dataclasses
import os

import pytest

from keras_dl import UsageError, get_config
from keras_dl.config import Config
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
    first, second = measured([narrow, wide])
    assert 0 < first < second


def test_a_network_that_ends_its_process_is_named():
    with pytest.raises(UsageError, match="test_latency could not be run to measure its latency"):
        measured([Deadly()])
