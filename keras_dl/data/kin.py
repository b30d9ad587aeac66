"""A graph of people and what they call each other, made by a rule: a knowledge graph without a download.

As among the Alyawarra, whose terms are the set "Kinships" (Denham 1973), a person is of one of four sections, and the
term by which he calls another one follows from their sections and from who is older. Each ordered pair has one term.
"""

from __future__ import annotations

import numpy as np

from keras_dl.data.dataset import Data
from keras_dl.data.triples import of_triples

PEOPLE, SECTIONS, AGES = 60, 4, 3
HELD_OUT = 0.1
"""share of the triples in validation, and in the test"""


def load_kin(seed: int = 0) -> Data:
    """60 people and 20 terms; a tenth of the 3,540 triples, drawn by `seed`, is in each of validation and test."""
    generator = np.random.default_rng(seed)
    section, age = np.random.default_rng(0).integers(0, [[SECTIONS], [AGES]], (2, PEOPLE))
    head, tail = np.nonzero(~np.eye(PEOPLE, dtype=bool))
    older = age[head] - age[tail] + AGES - 1
    term = older * SECTIONS + (section[head] + (1 + older) * section[tail]) % SECTIONS
    triples = generator.permutation(np.stack([head, term, tail], axis=1))
    count = round(HELD_OUT * len(triples))
    parts = {"train": triples[2 * count :], "validation": triples[:count], "test": triples[count : 2 * count]}
    people = tuple(f"person{number:02}" for number in range(PEOPLE))
    terms = tuple(f"term{number:02}" for number in range(SECTIONS * (2 * AGES - 1)))
    return of_triples(parts, people, terms, name="kin", origin={"kind": "the embedded kin"})
