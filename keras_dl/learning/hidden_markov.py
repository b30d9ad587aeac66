"""Hidden Markov models of words: the likeliest states of a recording, of words that are known or to be found.

Rabiner, "A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition", Proceedings of the IEEE
77(2), 1989, section III.B: Viterbi's algorithm. A word is a chain of states, each of which takes one step or more; to
stay and to go on are as likely, so that every path through a recording has the same factor, which is left out. Silence
is one more state, the last. Scores are log likelihoods of states, (steps, states), up to a number at each step.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_dl.errors import UsageError

NEVER = -1e30


def chain(words: Sequence[int], states: int, silence: int) -> tuple[np.ndarray, np.ndarray]:
    """The states of a string of `words`, of so many `states` each, (n,) int, and which of them may be left out.

    `silence` stands before, between and after words, and can be left out.
    """
    parts, optional = [silence], [True]
    for word in words:
        parts += [*range(word * states, (word + 1) * states), silence]
        optional += [False] * states + [True]
    return np.array(parts), np.array(optional)


def aligned(scores: np.ndarray, parts: np.ndarray, optional: np.ndarray) -> np.ndarray:
    """The states of the best path through `parts`, as `chain` gives them, (steps,): a forced alignment.

    Raises `UsageError` where there are fewer steps than states that cannot be left out.
    """
    if len(scores) < (needed := int(np.sum(~optional))):
        raise UsageError(f"a recording of {len(scores)} steps is too short for {needed} states")
    local = np.pad(scores[:, parts].astype("float64"), ((0, 0), (2, 0)), constant_values=NEVER)
    skip = np.array([False, False, False, False, *optional[1:-1]])[: len(parts) + 2]  # the part before may be left out
    best = np.full(len(parts) + 2, NEVER)
    best[2] = local[0, 2]
    if optional[0]:
        best[3] = local[0, 3]
    back = np.zeros((len(scores), len(best)), "int8")
    for step in range(1, len(scores)):
        one, two = np.roll(best, 1), np.where(skip, np.roll(best, 2), NEVER)
        one[0] = NEVER
        choices = np.stack([best, one, two])
        back[step] = choices.argmax(axis=0)
        best = choices.max(axis=0) + local[step]
    place = len(best) - 1
    if optional[-1] and best[place - 1] > best[place]:
        place -= 1
    path = np.empty(len(scores), int)
    for step in range(len(scores) - 1, -1, -1):
        path[step] = parts[place - 2]
        place -= back[step, place]
    return path


def decoded(scores: np.ndarray, words: int, states: int) -> list[int]:
    """The string of `words`, of so many `states` each, that is the likeliest, each word and silence after any other."""
    first, last = np.arange(words) * states, np.arange(1, words + 1) * states - 1
    silence = words * states
    entering = -np.log(words + 1)
    begins = np.append(first, silence)
    ends = np.append(last, silence)
    best = np.full(silence + 1, NEVER)
    best[begins] = scores[0, begins] + entering
    came = np.empty((len(scores), silence + 1), int)
    came[0] = -1
    places = np.arange(silence + 1)
    inner = np.setdiff1d(places, begins)
    for step in range(1, len(scores)):
        found, came[step] = best.copy(), places
        on = best[inner - 1] > found[inner]
        found[inner[on]], came[step, inner[on]] = best[inner[on] - 1], inner[on] - 1
        end = ends[best[ends].argmax()]
        new = begins[best[end] + entering > found[begins]]
        found[new], came[step, new] = best[end] + entering, end
        best = found + scores[step]
    place, string = ends[best[ends].argmax()], []
    for step in range(len(scores) - 1, -1, -1):
        before = came[step, place]
        if place in first and before != place:
            string.append(int(place) // states)
        place = before
    return string[::-1]


def errors(told: Sequence[int], right: Sequence[int]) -> int:
    """The fewest words that must be put in, left out or changed to make `told` `right` (Levenshtein)."""
    row = np.arange(len(right) + 1)
    for number, word in enumerate(told, start=1):
        before, row = row, np.full(len(right) + 1, number)
        for place, wanted in enumerate(right, start=1):
            row[place] = min(before[place - 1] + (word != wanted), before[place] + 1, row[place - 1] + 1)
    return int(row[-1])
