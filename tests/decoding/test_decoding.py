"""Greedy, sampling and beam search on a chain whose probabilities are known, and on a small GPT."""

import functools
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_dl
from keras_dl.decoding import beam, causal, compiled, greedy, sampling, uniform_numbers
from keras_dl.decoding.sampling import drawn

END = 3
CHAIN = np.array(
    [
        [0.25, 0.25, 0.25, 0.25],
        [0.01, 0.05, 0.50, 0.44],  # after 1 the likeliest is 2, after which nothing is likely
        [0.24, 0.26, 0.25, 0.25],
        [0.05, 0.05, 0.05, 0.85],
    ]
)
LOGITS = np.log(CHAIN).astype("float32")
NETWORK = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, name="unused")])


def chain(token_ids, place):
    """The logits that CHAIN has after the token before `place`."""
    return keras.ops.take(LOGITS, keras.ops.take(token_ids, place - 1, axis=1), axis=0)


def probability(text, given=1):
    """The logarithm of it, up to the first END behind what is given."""
    total = 0
    for before, token in itertools.islice(itertools.pairwise(text), given - 1, None):
        total += np.log(CHAIN[before, token])
        if token == END:
            break
    return total


def begun(*texts, length=6):
    token_ids = np.zeros((len(texts), length), "int32")
    for row, text in zip(token_ids, texts, strict=True):
        row[: len(text)] = text
    return token_ids, np.array([len(text) for text in texts], "int32")


@pytest.mark.parametrize("xla", [False, True])
def test_greedy_takes_the_likeliest_and_keeps_what_is_given(xla):
    write = compiled(lambda *arrays: greedy(chain, *arrays, end=END), NETWORK, xla=xla)
    written = write(*begun([1], [3, 0, 2], [2, 3, 1, 1], [1, 2, 1, 2, 1, 2]))
    expected = [[1, 2, 1, 2, 1, 2], [3, 0, 2, 1, 2, 1], [2, 3, 1, 1, 2, 1], [1, 2, 1, 2, 1, 2]]
    np.testing.assert_array_equal(written, expected)
    np.testing.assert_array_equal(write(*begun([3], [3, 3])), [[3, 3, 0, 0, 0, 0], [3, 3, 3, 0, 0, 0]])
    endless = greedy(chain, *begun([3]))
    np.testing.assert_array_equal(endless, [[3] * 6])


def test_tokens_are_drawn_as_often_as_they_are_likely():
    numbers = ((np.arange(1000) + 0.5) / 1000).astype("float32")

    def shares(**settings):
        settings = {"temperature": 1.0, "top_k": None, "top_p": None} | settings
        logits = np.tile(np.log([0.1, 0.4, 0.2, 0.3]).astype("float32"), (1000, 1))
        return np.bincount(drawn(logits, numbers, **settings), minlength=4) / 1000

    np.testing.assert_allclose(shares(), [0.1, 0.4, 0.2, 0.3], atol=1.5e-3)
    hot = np.sqrt([0.1, 0.4, 0.2, 0.3])
    np.testing.assert_allclose(shares(temperature=2.0), hot / hot.sum(), atol=1.5e-3)
    np.testing.assert_allclose(shares(top_k=2), [0, 4 / 7, 0, 3 / 7], atol=1.5e-3)
    np.testing.assert_allclose(shares(top_p=0.75), [0, 4 / 9, 2 / 9, 3 / 9], atol=1.5e-3)
    np.testing.assert_allclose(shares(top_p=0.65), [0, 4 / 7, 0, 3 / 7], atol=1.5e-3)
    np.testing.assert_allclose(shares(top_k=3, top_p=0.5), [0, 4 / 7, 0, 3 / 7], atol=1.5e-3)
    for one in ({"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-3}):
        np.testing.assert_array_equal(shares(**one), [0, 1, 0, 0])
    np.testing.assert_array_equal(shares(top_k=9, top_p=1.0), shares())


@pytest.mark.parametrize("xla", [False, True])
def test_samples_follow_the_chain_and_their_seed(xla):
    token_ids, given = begun(*[[1]] * 2000, length=3)
    write = compiled(lambda *arrays: sampling(chain, *arrays, end=END), NETWORK, xla=xla)
    written = np.asarray(write(token_ids, given, uniform_numbers(0, 2000, 3)))
    np.testing.assert_allclose(np.bincount(written[:, 1]) / 2000, CHAIN[1], atol=0.03)
    after = written[written[:, 1] == 2, 2]
    np.testing.assert_allclose(np.bincount(after) / len(after), CHAIN[2], atol=0.05)
    assert not np.any(written[written[:, 1] == END, 2])
    np.testing.assert_array_equal(write(token_ids, given, uniform_numbers(0, 2000, 3)), written)
    assert np.any(np.asarray(write(token_ids, given, uniform_numbers(1, 2000, 3))) != written)


def every_text(first, length=6):
    """All texts that begin so, each once: 0 behind END."""
    texts = {(first,)}
    for _ in range(length - 1):
        texts = {(*text, next) for text in texts for next in ((0,) if END in text[1:] else range(4))}
    return sorted(texts, key=lambda text: -probability(text))


@pytest.mark.parametrize("xla", [False, True])
def test_a_beam_as_wide_as_there_are_texts_finds_all(xla):
    write = compiled(lambda *arrays: beam(chain, *arrays, width=364, end=END), NETWORK, xla=xla)
    token_ids, scores = map(np.asarray, write(*begun([1], [2])))
    for row, first in enumerate((1, 2)):
        best = every_text(first)
        assert {tuple(text) for text in token_ids[row]} == set(best) and len(best) == 364
        np.testing.assert_allclose(scores[row], [probability(text) for text in best], rtol=1e-5)
        np.testing.assert_allclose(scores[row], [probability(text) for text in token_ids[row]], rtol=1e-5)


def test_a_beam_of_one_is_greedy_and_one_of_two_is_better():
    texts = begun([1], [2], [3, 0, 2])
    one, _ = beam(chain, *texts, width=1, end=END)
    np.testing.assert_array_equal(one[:, 0], greedy(chain, *texts, end=END))
    two, scores = beam(chain, *texts, width=2, end=END)
    np.testing.assert_array_equal(two[0, 0], [1, END, 0, 0, 0, 0])
    assert float(scores[0, 0]) == pytest.approx(np.log(0.44), rel=1e-5)
    assert probability(two[0, 0].numpy()) > probability(one[0, 0].numpy())
    np.testing.assert_array_equal(two[2, :, :3], [[3, 0, 2]] * 2)
    np.testing.assert_allclose(scores[2], [probability(text, given=3) for text in two[2].numpy()], rtol=1e-5)


def test_a_length_penalty_prefers_longer_texts():
    texts = begun([1])
    short, _ = beam(chain, *texts, width=200, end=END)
    long, scores = beam(chain, *texts, width=200, end=END, length_penalty=2.0)
    chosen = [list(text)[1:] for text in np.asarray(long[0])]
    lengths = [1 + text.index(END) if END in text else 5 for text in chosen]
    means = [probability([1, *text]) / length**2 for text, length in zip(chosen, lengths, strict=True)]
    np.testing.assert_allclose(scores[0], means, rtol=1e-5)
    assert means == pytest.approx(sorted(means, reverse=True))
    np.testing.assert_array_equal(short[0, 0], [1, END, 0, 0, 0, 0])
    assert lengths[0] > 1


GPT = keras_dl.get_config("gpt2_small", blocks=1, heads=2, head_width=8, length=5, vocabulary_size=11, dropout=0.1)


def small_gpt():
    network = GPT.build()
    generator = np.random.default_rng(0)
    network.set_weights([generator.normal(size=weight.shape) for weight in network.get_weights()])
    return network


@pytest.mark.parametrize("length", [4, 12])
@pytest.mark.parametrize("xla", [False, True])
def test_a_network_sees_its_last_window(xla, length):
    network, token_ids = small_gpt(), begun([1], [4, 5, 6], length=length)
    written = np.asarray(compiled(lambda *arrays: greedy(causal(network), *arrays), network, xla=xla)(*token_ids))
    for text, given in zip(written, token_ids[1], strict=True):
        for place in range(given, length):
            seen = text[max(0, place - 5) : place]
            logits = network(np.pad(seen, (0, 5 - len(seen)))[None])[0, len(seen) - 1]
            assert text[place] == np.argmax(logits)


def test_it_is_one_program_that_uses_the_weights_of_the_moment():
    network, traces = small_gpt(), []

    def write(*arrays):
        traces.append(1)
        return greedy(causal(network), *arrays)

    program = compiled(write, network)
    before = np.asarray(program(*begun([1], length=12)))
    np.testing.assert_array_equal(program(*begun([1], length=12)), before)
    program(*begun([7, 8], length=12))
    network.set_weights([-weight for weight in network.get_weights()])
    assert np.any(np.asarray(program(*begun([1], length=12))) != before)
    assert len(traces) == 1


def everything():
    """The texts of all ways to write, by the chain and by the network."""
    network, texts = small_gpt(), begun([1], [2, 3, 1], length=12)
    ways = {
        "greedy": (greedy, texts),
        "sampling": (lambda *given: sampling(*given, top_k=5, top_p=0.88), (*texts, uniform_numbers(5, 2, 12))),
        "beam": (lambda *given: beam(*given, width=3, length_penalty=0.5)[0], texts),
    }
    return {
        f"{name} {kind}": np.asarray(compiled(functools.partial(way, logits), network)(*given)).tolist()
        for name, (way, given) in ways.items()
        for kind, logits in (("chain", chain), ("network", causal(network)))
    }


def test_jax_writes_the_same():
    pytest.importorskip("jax", reason="needs pip install '.[peers]'")
    script = f"import json, sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_decoding as t; "
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", script + "print(json.dumps(t.everything()))"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == everything()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sampling(chain, *begun([1]), None, temperature=0), "temperature must be above 0 and finite, got 0"),
        (lambda: sampling(chain, *begun([1]), None, top_k=0), "top_k must be at least 1, got 0"),
        (lambda: sampling(chain, *begun([1]), None, top_p=1.5), "top_p must be above 0 and at most 1, got 1.5"),
        (lambda: beam(chain, *begun([1]), width=0), "width must be at least 1, got 0"),
        (lambda: beam(chain, *begun([1]), length_penalty=-1), "length_penalty must be at least 0 and finite, got -1"),
        (lambda: uniform_numbers(-1, 1, 1), "seed must be at least 0 and below 2**32, got -1"),
    ],
)
def test_what_cannot_be_done_is_refused(call, words):
    with pytest.raises(keras_dl.UsageError) as error:
        call()
    assert words in str(error.value) and "\n" not in str(error.value)
