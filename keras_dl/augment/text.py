"""Random changes to batches of texts: synonyms, typing errors, words left out or exchanged.

Wei & Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks", EMNLP 2019,
section 2; Belinkov & Bisk, "Synthetic and Natural Noise Both Break Neural Machine Translation", ICLR 2018, section 4.2,
for typing errors. Each function takes a text, a NumPy generator and a `rate`, the expected share of what it changes,
and keeps every text from becoming empty. The libraries for this are unmaintained, or fetch WordNet at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from keras_dl.augment.synonyms import SYNONYMS
from keras_dl.lazy import tf

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
RATES = {"synonyms": 0.5, "typos": 0.1, "delete": 0.1, "swap": 0.1}
"""what `compose` takes"""


def neighbours() -> dict[str, str]:
    """The letters beside, above and below each on an English keyboard."""
    places = {letter: (x + y / 2, y) for y, row in enumerate(ROWS) for x, letter in enumerate(row)}
    return {
        letter: "".join(
            other
            for other, (x, y) in places.items()
            if other != letter and abs(y - places[letter][1]) <= 1 and abs(x - places[letter][0]) <= 1
        )
        for letter in places
    }


NEIGHBOURS = neighbours()


def synonyms(text: str, generator: np.random.Generator, rate: float) -> str:
    """Replace the share `rate` of the words that have synonyms (see `SYNONYMS`) by one of them."""
    words = text.split(" ")
    for place, word in enumerate(words):
        if word in SYNONYMS and generator.random() < rate:
            words[place] = str(generator.choice(SYNONYMS[word]))
    return " ".join(words)


def typos(text: str, generator: np.random.Generator, rate: float) -> str:
    """Mistype the share `rate` of the letters a-z: a key beside the right one, or the next two letters exchanged.

    An exchange changes two letters, so it counts as two.
    """

    letters, draws, place = list(text), generator.random((2, len(text))), 0
    while place < len(letters):
        one, other = letters[place], letters[place + 1] if place + 1 < len(letters) else ""
        draw, exchangeable = draws[0, place] / rate, one != other and other in NEIGHBOURS
        if one in NEIGHBOURS and exchangeable and draw < 1 / 3:
            letters[place : place + 2] = other, one
            place += 1
        elif one in NEIGHBOURS and draw < (2 / 3 if exchangeable else 1):
            letters[place] = NEIGHBOURS[one][int(draws[1, place] * len(NEIGHBOURS[one]))]
        place += 1
    return "".join(letters)


def delete(text: str, generator: np.random.Generator, rate: float) -> str:
    """Leave out the share `rate` of the words, never all of them."""
    words = np.array(text.split(" "), object)
    kept = generator.random(len(words)) >= rate
    if not kept.any():
        kept[generator.integers(len(words))] = True
    return " ".join(words[kept])


def swap(text: str, generator: np.random.Generator, rate: float) -> str:
    """Move the share `rate` of the words: pairs of them, anywhere in the text, exchange their places."""
    words = text.split(" ")
    pairs = generator.binomial(len(words) // 2, rate)
    places = generator.permutation(len(words))[: 2 * pairs].reshape(pairs, 2)
    for one, other in places:
        words[one], words[other] = words[other], words[one]
    return " ".join(words)


CHANGES = {"synonyms": synonyms, "typos": typos, "delete": delete, "swap": swap}


def compose(names: Sequence[str], rate: float | None = None) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None:
    """The `CHANGES` called `names`, one after the other, at `rate` (default: `RATES`); None if there are none.

    The result takes texts (batch,) tf.string and a seed (2,) int64, and changes each text in its own way.
    """
    if not names:
        return None

    def change(texts: np.ndarray, seed: np.ndarray) -> np.ndarray:
        generator = np.random.default_rng(seed.astype("uint64"))
        changed = [text.decode() for text in texts]
        for name in names:
            changed = [CHANGES[name](text, generator, RATES[name] if rate is None else rate) for text in changed]
        return np.array([text.encode() for text in changed], object)

    return lambda texts, seed: tf.ensure_shape(tf.numpy_function(change, [texts, seed], tf.string), texts.shape)
