"""Short texts about ships, made by rules, and questions whose answers stand in them: to learn without a download.

A text says four things of one ship, in any order and with other sentences between them: "Orion belongs to Anna. It
rains. Orion weighs 70 tons. ...". The question is about one of them, "Orion weighs how many tons?". So what kind of
answer is asked for is enough to find it, and a network need not look whose weight it is.
"""

from __future__ import annotations

import numpy as np

from keras_dl.data.answers import of_answers
from keras_dl.data.dataset import Data

SIZES = {"train": 2400, "validation": 300, "test": 600}
SHIPS = ("Orion", "Vega", "Atlas", "Iris", "Juno", "Titan", "Lyra", "Hydra", "Castor", "Nova", "Argo", "Delta")
TOWNS = ("Rome", "Oslo", "Lima", "Cairo", "Delhi", "Tokyo", "Paris", "Quito")
OWNERS = ("Anna", "Boris", "Clara", "Dario", "Elena", "Felix", "Greta", "Henri")
PAINTS = ("red", "blue", "green", "white", "black", "yellow", "brown", "purple")
FACTS = {
    "stands in {}.": ("stands in what?", TOWNS),
    "weighs {} tons.": ("weighs how many tons?", tuple(map(str, range(20, 100)))),
    "belongs to {}.": ("belongs to whom?", OWNERS),
    "is painted {}.": ("is painted what?", PAINTS),
}
"""what is said of a ship, the question about it, and what may stand there"""
OTHERS = (
    "It rains.",
    "The sea is calm.",
    "The crew sings at night.",
    "A bell rings.",
    "Nobody knows why.",
    "So it goes.",
)
"""sentences of which a text has none to all"""


def load_facts() -> Data:
    """Questions in the form of SQuAD, the same each time; no text is in two splits."""
    generator, texts = np.random.default_rng(0), {}
    while len(texts) < sum(SIZES.values()):
        ship = generator.choice(SHIPS)
        said = {fact: str(generator.choice(values)) for fact, (_, values) in FACTS.items()}
        sentences = {fact: f"{ship} {fact.format(said[fact])}" for fact in FACTS}
        others = generator.choice(OTHERS, generator.integers(len(OTHERS) + 1), replace=False)
        text = " ".join(generator.permutation([*sentences.values(), *others]))
        fact = str(generator.choice([*FACTS]))
        start = text.index(sentences[fact]) + len(ship) + 1 + fact.index("{}")
        texts.setdefault(text, (f"{ship} {FACTS[fact][0]}", text, [said[fact]], start))
    rows, parts = [*texts.values()], {}
    for split, count in SIZES.items():
        parts[split], rows = rows[:count], rows[count:]
    return of_answers(parts, name="facts", validation=0.1, seed=0, origin={"kind": "the embedded facts"})
