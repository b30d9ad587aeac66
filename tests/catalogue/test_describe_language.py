"""Language networks of any size are described at once, without a weight in memory."""

import time

import pytest

import keras_dl

ROWS = {"gpt2_xl": 1_557_611_200, "gpt3": 174_604_259_328, "llama_65b": 65_285_660_672, "llama_2_70b": 68_976_648_192}


@pytest.mark.parametrize(("name", "parameters"), ROWS.items())
def test_large_networks_are_described_at_once(name, parameters):
    keras_dl.describe("gpt2_small", blocks=1)
    began = time.process_time()
    assert keras_dl.describe(name).parameters == parameters
    assert time.process_time() - began < 2
