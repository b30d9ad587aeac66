"""Products of single tokens with weights of 32 and 8 bits against those of the network itself."""

import numpy as np
import pytest
from test_memory import NETWORKS, PROMPTS, network, written

import keras_dl
from keras_dl.decoding import causal, whole_windows
from keras_dl.decoding.products import quick
from keras_dl.decoding.steps import Steps
from keras_dl.errors import UsageError

BOUNDS = {"float32": 1e-5, "int8": 0.02}
"""of the largest logit"""


def told(steps, token_ids):
    """The outputs for `token_ids` (1, n), each token in a step of its own."""
    memory, found = steps.memory(1, token_ids.shape[1]), []
    for place in range(token_ids.shape[1]):
        logits, memory = steps.step(token_ids[:, place : place + 1], place, memory, {})
        found.append(np.asarray(logits)[0, 0])
    return np.stack(found)


@pytest.mark.parametrize("weights", BOUNDS)
@pytest.mark.parametrize("name", ["gpt2_small", "llama_2_70b"])
def test_outputs_are_near(name, weights):
    model = keras_dl.get_config(name, **NETWORKS[name]).build()
    token_ids = np.random.default_rng(1).integers(0, 23, (1, 24)).astype("int32")
    steps = Steps.of(model, "token_ids")
    expected = np.asarray(model(token_ids))[0]
    far = np.abs(told(quick(steps, weights), token_ids) - expected).max() / np.abs(expected).max()
    assert far < BOUNDS[weights]
    assert far > BOUNDS[weights] / 100 or weights == "float32", "rounding is seen"


def test_rounded_weights_are_those_of_the_time_and_split_ones_those_of_the_call():
    model = network("gpt2_small")
    token_ids = np.array([[3, 9, 4]], "int32")
    steps = Steps.of(model, "token_ids")
    as_they_are, rounded = quick(steps, "float32"), quick(steps, "int8")
    before = told(rounded, token_ids)
    for layer in model.layers:
        if layer.name.startswith("stage2_dense"):
            layer.kernel.assign(layer.kernel * 2)
    np.testing.assert_allclose(told(as_they_are, token_ids), told(steps, token_ids), rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(told(rounded, token_ids), before)


def test_several_rows_at_once_are_the_layers_own():
    model = network("llama_7b")
    steps = Steps.of(model, "token_ids")
    token_ids = np.random.default_rng(1).integers(0, 23, (2, 5)).astype("int32")
    own, rounded = (one.step(token_ids, 0, one.memory(2, 5), {})[0] for one in (steps, quick(steps, "int8")))
    np.testing.assert_array_equal(own, rounded)


def test_networks_that_do_not_go_on_token_by_token_refuse_them():
    with pytest.raises(UsageError, match="token by token"):
        causal(keras_dl.get_config("lstm_classifier").build(), "int8")


@pytest.mark.parametrize("weights", BOUNDS)
def test_what_xla_writes(weights):
    model = network("gpt2_small")
    expected = written("greedy", whole_windows(model), model, PROMPTS[1:2], 24)
    found = written("greedy", causal(model, weights), model, PROMPTS[1:2], 24, xla=True)
    if weights == "float32":
        np.testing.assert_array_equal(found, expected)
    again = written("greedy", causal(model, weights), model, PROMPTS[1:2], 24)
    np.testing.assert_array_equal(found, again)
    assert len(np.unique(found)) > 4
