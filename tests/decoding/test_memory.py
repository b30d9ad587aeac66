"""Networks that remember the tokens before write what they write when each token is told from the whole text anew."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_dl
from keras_dl.decoding import (
    Remembering,
    beam,
    causal,
    compiled,
    conditional,
    greedy,
    sampling,
    uniform_numbers,
    whole_windows,
    without,
)
from keras_dl.decoding.conditional import read, told
from keras_dl.decoding.steps import CHUNK, Steps

END = 3
SIZES = {"blocks": 2, "heads": 4, "vocabulary_size": 23}
NETWORKS = {
    "gpt2_small": {**SIZES, "head_width": 4, "length": 24},
    "gpt1": {**SIZES, "head_width": 4, "length": 24, "dropout": 0.2},
    "llama_7b": {**SIZES, "width": 32, "length": 24, "unit_multiple": 8},
    "llama_2_70b": {**SIZES, "width": 32, "length": 24, "unit_multiple": 8, "key_value_heads": 2},
}
TRANSFORMER = {**SIZES, "width": 16, "units": 24, "source_length": 6, "target_length": 10}
PROMPTS = [[5, 9, 4, 7, 7, 8, 20, 11, 3, 2, 6, 6, 1, 9, 4, 17, 13, 5, 5], [4, 8, 15], [9], [6, 6, 6, 21, 2]]


def network(name, **changes):
    """One of the catalogue, small, its weights far from zero, so that each token before counts."""
    model = keras_dl.get_config(name, **{**NETWORKS, "transformer_base": TRANSFORMER}[name] | changes).build()
    generator = np.random.default_rng(4)
    for weight in model.weights:
        if "seed" not in weight.path:
            start = 1.0 if weight.path.endswith(("gamma", "scale")) else 0.0
            weight.assign(start + generator.normal(size=weight.shape) * 0.4)
    return model


def begun(texts, length):
    token_ids = np.zeros((len(texts), length), "int32")
    for row, text in zip(token_ids, texts, strict=True):
        row[: len(text)] = text
    return token_ids, np.array([len(text) for text in texts], "int32")


WAYS = {
    "greedy": greedy,
    "sampling": functools.partial(sampling, top_k=15, top_p=0.95),
    "beam": functools.partial(beam, width=3, length_penalty=0.5),
}


def written(way, next_logits, model, texts, length, *, rows=slice(None), xla=False, end=None):
    """What is written by one of the `WAYS` behind those `rows` of `texts`, as an array."""
    numbers = [uniform_numbers(1, len(texts), length)] if way == "sampling" else []
    program = compiled(lambda *arrays: WAYS[way](next_logits, *arrays, end=end), model, xla=xla)
    found = program(*(array[rows] for array in (*begun(texts, length), *numbers)))
    return np.asarray(found[0] if way == "beam" else found)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_gives_the_outputs_of_the_whole(name):
    model = network(name)
    token_ids = np.random.default_rng(1).integers(0, 23, (3, 24)).astype("int32")
    expected = np.asarray(model(token_ids))
    steps = Steps.of(model, "token_ids")
    memory, place = steps.memory(3, 24), 0
    for count in (1, 5, 1, 1, 16):
        found, memory = steps.step(token_ids[:, place : place + count], place, memory, {})
        np.testing.assert_allclose(found, expected[:, place : place + count], atol=1e-5 * np.abs(expected).max())
        place += count
    assert place == 24


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["gpt1", "llama_2_70b"])
def test_what_is_written_is_the_same(name, way, xla):
    model = network(name)
    assert isinstance(causal(model), Remembering)
    expected = written(way, whole_windows(model), model, PROMPTS, 24)
    np.testing.assert_array_equal(written(way, causal(model), model, PROMPTS, 24, xla=xla), expected)
    assert len(np.unique(expected)) > 8


@pytest.mark.parametrize("name", ["gpt2_small", "llama_7b"])
def test_a_text_beyond_the_window_is_told_from_its_last_window(name):
    model = network(name, length=20)
    longer = [[*PROMPTS[0], *PROMPTS[0]], [4, 8, 15]]
    for texts in (PROMPTS, longer, longer[:1]):
        expected = written("greedy", whole_windows(model), model, texts, 45)
        np.testing.assert_array_equal(written("greedy", causal(model), model, texts, 45), expected)


@pytest.mark.parametrize("way", ["sampling", "beam"])
def test_each_text_of_a_batch_is_what_it_is_alone(way):
    model = network("gpt2_small")
    free = written(way, causal(model), model, PROMPTS, 24)
    end = int(free[1].flat[6])
    together = written(way, causal(model), model, PROMPTS, 24, end=end)
    assert np.any(together != free), "some text has ended"
    for row in range(len(PROMPTS)):
        alone = written(way, causal(model), model, PROMPTS, 24, rows=slice(row, row + 1), end=end)
        np.testing.assert_array_equal(alone[0], together[row])


def test_tokens_that_may_not_be_are_never_written():
    model = network("gpt2_small")
    never = [*map(int, np.unique(written("greedy", causal(model), model, [[1]], 24)[0, 1:]))]
    bound = written("greedy", without(causal(model), never), model, [[1]], 24)
    assert not np.isin(bound[0, 1:], never).any()
    np.testing.assert_array_equal(bound, written("greedy", without(whole_windows(model), never), model, [[1]], 24))


def sources():
    ids = np.random.default_rng(2).integers(1, 23, (4, 6)).astype("int32")
    mask = np.arange(6) < np.array([6, 3, 1, 4])[:, None]
    return {"source_token_ids": np.where(mask, ids, 0).astype("int32"), "source_padding_mask": mask}


def from_the_whole(model, source, width):
    """What `conditional` gave before anything was remembered."""
    given = {name: keras.ops.repeat(one, width, axis=0) for name, one in read(model, source).items()}
    return lambda ids, place: keras.ops.take(told(model, given, ids[:, :-1])["logits"], place - 1, axis=1)


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_translations_are_the_same(way, xla):
    model, source, width = network("transformer_base"), sources(), 3 if way == "beam" else 1
    texts = [[2], [2], [2, 5, 6], [2, 5]]
    remembering = conditional(model, source, beginnings=width)
    assert isinstance(remembering, Remembering)
    expected = written(way, from_the_whole(model, source, width), model, texts, 11, end=END)
    found = written(way, remembering, model, texts, 11, xla=xla, end=END)
    np.testing.assert_array_equal(found, expected)
    assert len(np.unique(expected)) > 4


def test_steps_of_a_decoder_give_the_outputs_of_the_whole():
    model, source = network("transformer_base"), sources()
    token_ids = np.random.default_rng(3).integers(1, 23, (4, 11)).astype("int32")
    expected = np.asarray(model({**source, "target_token_ids": token_ids[:, :-1]}))
    texts = conditional(model, source)
    memory = texts.begin(token_ids, 4)
    for place in range(4, 11):
        logits, memory = texts.next_logits(token_ids, place, memory)
        np.testing.assert_allclose(logits, expected[:, place - 1], atol=1e-5 * np.abs(expected).max())


def test_the_memory_is_what_is_read_and_no_more():
    model = network("gpt2_small")
    steps = Steps.of(model, "token_ids")
    token_ids = np.tile(np.arange(24, dtype="int32") % 23, (2, 1))
    for count in (0, 1, CHUNK, CHUNK + 3):
        memory = steps.read(token_ids, count, 24, {})
        for kept in keras.tree.flatten(memory):
            assert kept.shape == (2, 4, 24, 4)
            filled = np.any(np.asarray(kept), axis=(0, 1, 3))
            assert filled[:count].all() and not filled[-(-count // CHUNK) * CHUNK :].any()


def test_networks_whose_layers_do_not_say_how_they_go_on_read_all_anew():
    inputs = keras.Input((7,), dtype="int32", name="token_ids")
    x = keras.layers.Embedding(23, 8, name="embedding")(inputs)
    model = keras.Model(
        inputs, keras.layers.Dense(23, name="head")(keras.layers.GRU(8, return_sequences=True, name="gru")(x))
    )
    assert Steps.of(model, "token_ids") is None
    text = written("greedy", causal(model), model, [[5, 4]], 12)[0]
    for place in range(2, 12):
        seen = text[max(0, place - 7) : place]
        assert text[place] == np.argmax(model(np.pad(seen, (0, 7 - len(seen)))[None])[0, len(seen) - 1])
    across = keras.layers.LayerNormalization(axis=[1, 2], name="across")(x)
    assert Steps.of(keras.Model(inputs, across), "token_ids") is None


def everything():
    """What some networks write in some ways, one of them beyond its window."""
    found = {}
    for name, way, length in (("gpt1", "sampling", 24), ("gpt2_small", "greedy", 26), ("llama_2_70b", "beam", 24)):
        model = network(name)
        found[name] = written(way, causal(model), model, PROMPTS, length, end=END).tolist()
    model = network("transformer_base")
    texts = conditional(model, sources())
    found["transformer"] = written("greedy", texts, model, [[2]] * 4, 11, end=END).tolist()
    return found


def test_jax_writes_the_same():
    pytest.importorskip("jax", reason="needs pip install '.[peers]'")
    script = f"import json, sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_memory as t; "
    done = subprocess.run(
        [sys.executable, "-c", script + "print(json.dumps(t.everything()))"],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == everything()
