"""Where the right entities of a knowledge graph stand among all that could complete a triple."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_dl.data.dataset import SPLITS
from keras_dl.data.triples import HEADS, TAILS, TRIPLE
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.data import Data, Split

HITS = (1, 3, 10)
BATCH = 256


def ranks(network: keras.Model, split: Split) -> dict[str, np.ndarray]:
    """The filtered ranks, float64 (n,), of the "heads" and "tails" of all triples of `split` by `network`.

    Bordes et al. 2013, section 4.2: other entities that are known to complete a triple, in any split, do not count.
    Where entities have the same score it is the mean of the best and the worst rank that they can have.
    """
    found = {"heads": [], "tails": []}
    for start in range(0, len(split), BATCH):
        places = np.arange(start, min(start + BATCH, len(split)))
        triples, *known = (split.columns[name].take(places) for name in (TRIPLE, HEADS, TAILS))
        scores = network(triples)
        for (name, parts), others, place in zip(found.items(), known, (0, 2), strict=True):
            parts.append(ranked(keras.ops.convert_to_numpy(scores[name]).astype("float32"), triples[:, place], others))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def ranked(scores: np.ndarray, right: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The rank, float64 (n,), of the `right` entities (n,) by `scores` (n, entities), without others of `known`.

    `known` is (n, most), padded by -1. A score that is no number is worse than none for the right entity, and better
    than it for another one.
    """
    rows = np.arange(len(scores))
    own = scores[rows, right][:, None]
    left_out = np.zeros((len(scores), scores.shape[1] + 1), bool)
    left_out[rows[:, None], known] = True  # the pad is the last
    counted = ~left_out[:, :-1]
    counted[rows, right] = False
    same = counted & (scores == own)
    better = counted & ~same & ~(scores < own)
    return 1 + better.sum(axis=1) + same.sum(axis=1) / 2


def summary(ranks: np.ndarray) -> dict[str, float]:
    """The mean reciprocal rank "mrr", the shares "hits_at_1", 3 and 10, and the "mean_rank"."""
    hits = {f"hits_at_{most}": float(np.mean(ranks <= most)) for most in HITS}
    return {"mrr": float(np.mean(1 / ranks)), **hits, "mean_rank": float(np.mean(ranks))}


def precision_recall_area(network: keras.Model, data: Data, share: float, seed: int) -> float:
    """The area under the curve of precision and recall of the test triples among false ones, by `network`.

    Nickel, Tresp & Kriegel 2011, section 5.2, hold out a part of the cells of the whole tensor, true and false: here
    the true ones are the test triples, the false ones that `share` of all that are true in no split, drawn by `seed`.
    """
    from sklearn.metrics import average_precision_score

    triples = {name: getattr(data, name).columns[TRIPLE].values for name in SPLITS}
    column = data.spec.columns[TRIPLE]
    true = np.zeros((column.classes, len(column.names), column.classes), bool)
    for found in triples.values():
        true[tuple(found.T)] = True
    drawn = np.random.default_rng(seed).random(true.shape) < share
    asked = np.concatenate([triples["test"], np.argwhere(drawn & ~true)]).astype("int32")
    parts = [asked[start : start + BATCH] for start in range(0, len(asked), BATCH)]
    scores = [keras.ops.convert_to_numpy(network(part)["tails"])[np.arange(len(part)), part[:, 2]] for part in parts]
    return float(average_precision_score(np.arange(len(asked)) < len(triples["test"]), np.concatenate(scores)))
