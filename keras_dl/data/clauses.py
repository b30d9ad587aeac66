"""Sentences of a small language and their translation, made by rules: what translators learn from without a download.

A sentence has one to four clauses, "the red cat sees a young dog", joined by "and". In the translation adjectives stand
behind their nouns and articles follow the gender of these, so words neither keep their places nor stand for themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_dl.data.dataset import Data
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split

SIZES = {"train": 6000, "validation": 300, "test": 300}
MOST = 4
"""clauses of a sentence"""
MASCULINE = {"cat": "chat", "dog": "chien", "boy": "garcon", "fish": "poisson"}
FEMININE = {"car": "voiture", "house": "maison", "girl": "fille", "table": "table"}
ADJECTIVES = {"red": "rouge", "young": "jeune", "quick": "rapide", "yellow": "jaune", "sad": "triste", "wise": "sage"}
VERBS = {"sees": "voit", "likes": "aime", "follows": "suit", "hears": "entend", "finds": "trouve", "knows": "connait"}
ARTICLES = {"the": ("le", "la"), "a": ("un", "une")}


def load_clauses() -> Data:
    """Pairs of texts in the columns "source" and "target", all different, the same each time."""
    generator, pairs = np.random.default_rng(0), {}
    while len(pairs) < sum(SIZES.values()):
        clauses = [_clause(generator) for _ in range(generator.integers(1, MOST + 1))]
        pairs[" and ".join(source for source, _ in clauses)] = " et ".join(target for _, target in clauses)
    texts = np.array([*pairs.items()], object)
    parts = np.split(texts, np.cumsum([*SIZES.values()])[:-1])
    columns = {"source": Column(kind="text"), "target": Column(kind="text")}
    return Data(
        spec=Spec(name="clauses", columns=columns),
        origin={"kind": "the embedded clauses"},
        **{name: Split(dict(zip(columns, part.T, strict=True))) for name, part in zip(SIZES, parts, strict=True)},
    )


def _clause(generator: np.random.Generator) -> tuple[str, str]:
    """A clause and its translation."""
    subject, thing = _thing(generator), _thing(generator)
    verb = _one(VERBS, generator)
    return f"{subject[0]} {verb} {thing[0]}", f"{subject[1]} {VERBS[verb]} {thing[1]}"


def _thing(generator: np.random.Generator) -> tuple[str, str]:
    """An article, an adjective and a noun, and their translation."""
    nouns = MASCULINE | FEMININE
    article, adjective, noun = (_one(words, generator) for words in (ARTICLES, ADJECTIVES, nouns))
    translated = ARTICLES[article][noun in FEMININE], nouns[noun], ADJECTIVES[adjective]
    return f"{article} {adjective} {noun}", " ".join(translated)


def _one(words: dict[str, Any], generator: np.random.Generator) -> str:
    return [*words][generator.integers(len(words))]
