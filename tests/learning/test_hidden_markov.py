"""Viterbi's algorithm against all paths that there are, and the errors of words against all ways to edit."""

import itertools

import numpy as np
import pytest

from keras_dl import UsageError
from keras_dl.learning.hidden_markov import aligned, chain, decoded, errors


def all_alignments(parts, optional, steps):
    """Every way to give each step a state, in the order of `parts`."""
    for left_out in itertools.product(*[(False, True) if one else (False,) for one in optional]):
        there = [part for part, out in zip(parts, left_out, strict=True) if not out]
        for cuts in itertools.combinations(range(1, steps), len(there) - 1) if there else ():
            lengths = np.diff([0, *cuts, steps])
            yield np.repeat(there, lengths)


@pytest.mark.parametrize("seed", range(6))
def test_an_alignment_is_the_best_of_all(seed):
    parts, optional = chain([1, 0], states=2, silence=4)
    np.testing.assert_array_equal(parts, [4, 2, 3, 4, 0, 1, 4])
    np.testing.assert_array_equal(optional, [True, False, False, True, False, False, True])
    scores = np.random.default_rng(seed).normal(size=(7, 5))
    paths = list(all_alignments(parts, optional, 7))
    best = max(paths, key=lambda path: scores[np.arange(7), path].sum())
    np.testing.assert_array_equal(aligned(scores, parts, optional), best)


@pytest.mark.parametrize("seed", range(6))
def test_the_string_is_that_of_the_best_path_of_any(seed):
    generator = np.random.default_rng(seed)
    scores = 2 * generator.normal(size=(7, 5))
    found = {}
    for count in range(4):
        for words in itertools.product(range(2), repeat=count):
            parts, optional = chain(words, states=2, silence=4)
            for path in all_alignments(parts, optional, 7):
                entered = count + sum(
                    path[step] == 4 and (step == 0 or path[step - 1] != 4) for step in range(len(path))
                )
                value = scores[np.arange(7), path].sum() - entered * np.log(3)
                found[words] = max(found.get(words, -np.inf), value)
    assert tuple(decoded(scores, words=2, states=2)) == max(found, key=found.get)


def test_a_word_can_be_said_twice():
    states = np.repeat([4, 0, 1, 0, 1, 4, 2, 3], 3)
    scores = 10 * np.eye(5)[states]
    assert decoded(scores, words=2, states=2) == [0, 0, 1]
    np.testing.assert_array_equal(aligned(scores, *chain([0, 0, 1], 2, 4)), states)


def test_what_is_too_short_is_refused():
    with pytest.raises(UsageError, match="a recording of 3 steps is too short for 4 states"):
        aligned(np.zeros((3, 5)), *chain([0, 1], 2, 4))
    assert len(aligned(np.zeros((4, 5)), *chain([0, 1], 2, 4))) == 4


@pytest.mark.parametrize(
    ("told", "right", "count"),
    [("", "", 0), ("abc", "abc", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("axbc", "abd", 2)],
)
def test_words_that_are_wrong(told, right, count):
    assert errors([*map(ord, told)], [*map(ord, right)]) == count
