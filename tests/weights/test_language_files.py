"""Files of language networks: damaged, incomplete or of another network, refused in a line; little memory is used."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import keras_dl
from keras_dl import UsageError
from keras_dl.weights import gpt, llama

GPT = keras_dl.get_config("gpt2_small", blocks=2, heads=2, head_width=4, length=6, vocabulary_size=11, dropout=0.0)
LLAMA = keras_dl.get_config("llama_7b", blocks=2, heads=2, width=8, length=6, vocabulary_size=11, unit_multiple=4)
TOKENS = np.arange(6, dtype="int32")[None] % 11


def tensors(config, family, model):
    """The weights of `model` by the names of transformers."""
    found = {}
    for variable in model.weights:
        parts = family.parts(variable.path, config)
        for part, value in zip(parts, np.split(variable.numpy(), len(parts), axis=-1), strict=True):
            found[part.name] = np.ascontiguousarray(value.T if part.turned else value)
    return found


@pytest.fixture(scope="module")
def networks():
    return {config.family: config.build() for config in (GPT, LLAMA)}


@pytest.fixture
def written(networks, tmp_path):
    """Writes a changed file and gives its path."""

    def write(change=lambda found: None, config=GPT, family=gpt):
        found = tensors(config, family, networks[config.family])
        change(found)
        safetensors.numpy.save_file(found, tmp_path / "net.safetensors")
        return tmp_path / "net.safetensors"

    return write


def sharded(folder, config, family, model):
    """Two files and their index."""
    found = tensors(config, family, model)
    names = sorted(found)
    parts = {"a-1.safetensors": names[::2], "a-2.safetensors": names[1::2]}
    for file, own in parts.items():
        safetensors.numpy.save_file({name: found[name] for name in own}, folder / file)
    index = {"metadata": {}, "weight_map": {name: file for file, own in parts.items() for name in own}}
    (folder / "a.safetensors.index.json").write_text(json.dumps(index))
    return folder / "a.safetensors.index.json", index


def test_a_file_or_its_parts_give_the_same_outputs(networks, written, tmp_path):
    for config, family in ((GPT, gpt), (LLAMA, llama)):
        ours = keras_dl.build(config, weights=written(config=config, family=family))
        np.testing.assert_array_equal(ours(TOKENS), networks[config.family](TOKENS))
    index, _ = sharded(tmp_path, LLAMA, llama, networks["llama"])
    np.testing.assert_array_equal(keras_dl.build(LLAMA, weights=index)(TOKENS), networks["llama"](TOKENS))


def test_what_is_no_weight_is_passed_over(networks, written):
    def change(found):
        found["transformer.h.0.attn.bias"] = np.ones((1, 1, 6, 6), "float32")
        found["lm_head.weight"] = found["transformer.wte.weight"].copy()

    ours = keras_dl.build(GPT, weights=written(change))
    np.testing.assert_array_equal(ours(TOKENS), networks["gpt"](TOKENS))


WRONG = {
    "net.safetensors lacks the tensor transformer.h.1.ln_2.bias, our stage2_norm2/beta": lambda found: found.pop(
        "transformer.h.1.ln_2.bias"
    ),
    r"transformer.h.0.mlp.c_fc.weight has shape \(8, 31\), our stage1_dense1/kernel has \(8, 32\)": lambda found: (
        found.update({"transformer.h.0.mlp.c_fc.weight": np.zeros((8, 31), "float32")})
    ),
    "net.safetensors has tensors that this gpt has not: transformer.h.2.ln_1.bias": lambda found: found.update(
        {"transformer.h.2.ln_1.bias": np.zeros(8, "float32")}
    ),
    "the tensor transformer.ln_f.weight holds values that are not finite": lambda found: found.update(
        {"transformer.ln_f.weight": np.full(8, np.nan, "float32")}
    ),
    "the tensor transformer.ln_f.weight is of type I8; F32, F16, BF16, F64 are read": lambda found: found.update(
        {"transformer.ln_f.weight": np.ones(8, "int8")}
    ),
    "lm_head.weight and transformer.wte.weight differ, here they are one table": lambda found: found.update(
        {"lm_head.weight": found["transformer.wte.weight"] + 1}
    ),
    "lacks the tensor transformer.wte.weight, our embedding/embeddings": lambda found: (
        found.clear() or found.update({"conv.weight": np.zeros(3, "float32")})
    ),
}


@pytest.mark.parametrize("words", WRONG)
def test_a_file_that_does_not_fit_is_refused(written, words):
    with pytest.raises(UsageError, match=words) as error:
        keras_dl.build(GPT, weights=written(WRONG[words]))
    assert "\n" not in str(error.value)


def test_another_network_is_refused(written):
    with pytest.raises(UsageError, match="net.safetensors lacks the tensor transformer.h.2.ln_1.weight"):
        keras_dl.build(GPT, weights=written(), blocks=3)
    with pytest.raises(UsageError, match=r"wte.weight has shape \(11, 8\), our embedding/embeddings has \(12, 8\)"):
        keras_dl.build(GPT, weights=written(), vocabulary_size=12)
    with pytest.raises(UsageError, match="net.safetensors lacks the tensor model.embed_tokens.weight"):
        keras_dl.build(LLAMA, weights=written())
    with pytest.raises(UsageError, match="is not a whole safetensors file"):
        path = written()
        path.write_bytes(path.read_bytes()[:-9])
        keras_dl.build(GPT, weights=path)
    with pytest.raises(UsageError, match="weights of the family gpt are read from .safetensors and .json files"):
        other = path.with_suffix(".h5")
        other.write_bytes(b"")
        keras_dl.build(GPT, weights=other)


def lost(index, folder):
    (folder / "a-2.safetensors").unlink()


def elsewhere(index, folder):
    index["weight_map"]["model.norm.weight"] = "../a-1.safetensors"


def none(index, folder):
    del index["weight_map"]


def one_less(index, folder):
    del index["weight_map"]["model.norm.weight"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lost, "is the index of 2 files; .*a-2.safetensors is not there"),
        (elsewhere, "has no weight_map of files beside it"),
        (none, "is no index of safetensors files"),
        (one_less, "and its files differ in the tensor model.norm.weight"),
    ],
)
def test_an_index_that_is_wrong_is_refused(networks, tmp_path, change, words):
    path, index = sharded(tmp_path, LLAMA, llama, networks["llama"])
    change(index, tmp_path)
    path.write_text(json.dumps(index))
    with pytest.raises(UsageError, match=words) as error:
        keras_dl.build(LLAMA, weights=path)
    assert "\n" not in str(error.value)


SIZES = {"heads": 8, "vocabulary_size": 4000, "length": 64}
SMALL = keras_dl.get_config("llama_7b", **SIZES, blocks=1, width=64)
LARGE = keras_dl.get_config("llama_7b", **SIZES, blocks=24, width=1024)
PEAK = """
import resource, sys, threading
sys.path.insert(0, sys.argv[1])
import test_language_files as t
from keras_dl import build

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

build(t.SMALL, weights=sys.argv[2])
before, peak, done = resident(), 0, threading.Event()

def watch():
    global peak
    while not done.wait(0.002):
        peak = max(peak, resident())

threading.Thread(target=watch).start()
try:
    model = build(t.LARGE, weights=sys.argv[3])
finally:
    done.set()
print((peak - before) / (4 * model.count_params()), model.count_params())
"""


def random_file(config, path):
    """Weights of `config` in half precision, of which no network was made."""
    from keras_dl.lazy import keras

    with keras.StatelessScope(initialize_variables=False):
        shapes = {variable.path: variable.shape for variable in config.build().weights}
    generator, found = np.random.default_rng(0), {}
    for name, shape in shapes.items():
        parts = llama.parts(name, config)
        for part in parts:
            own = (*shape[:-1], shape[-1] // len(parts))
            found[part.name] = generator.random(own[::-1] if part.turned else own, "float32").astype("float16")
    safetensors.numpy.save_file(found, path)
    return path


def test_the_memory_to_load_317_million_weights_is_that_of_the_network(tmp_path):
    files = [random_file(SMALL, tmp_path / "small.safetensors"), random_file(LARGE, tmp_path / "large.safetensors")]
    words = [sys.executable, "-c", PEAK, Path(__file__).parent, *files]
    share, count = map(float, subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())
    assert count == 316_523_520 and 0.9 < share <= 1.1, share
