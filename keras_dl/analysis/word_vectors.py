"""What word vectors know, and vectors that are made of counts alone, to compare with.

Levy & Goldberg, "Neural Word Embedding as Implicit Matrix Factorization", NIPS 2014: skip-grams with negative sampling
factorize the pointwise mutual information of words, less the logarithm of the number of negatives. Levy, Goldberg &
Dagan, "Improving Distributional Similarity with Lessons Learned from Word Embeddings", TACL 3, 2015, section 2 and 3.
"""

from __future__ import annotations

import numpy as np

SMOOTHING = 0.75
"""power of the counts of contexts"""


def unit(vectors: np.ndarray) -> np.ndarray:
    """`vectors` (n, width), each of length 1; what is 0 stays 0."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def together(windows: np.ndarray, size: int, reach: int) -> np.ndarray:
    """How often each of `size` ids has each other near it, (size, size) float64, of `windows` (n, width) around words.

    A word up to `reach` away counts the more the nearer it is, (reach + 1 - distance) / reach: as often as windows of a
    length that is drawn from 1 to `reach` hold it. Id 0 is no word.
    """
    middle, counts = windows.shape[1] // 2, np.zeros(size * size)
    for distance in range(1, reach + 1):
        for other in (windows[:, middle - distance], windows[:, middle + distance]):
            pairs = windows[:, middle].astype("int64") * size + other
            counts += np.bincount(pairs[other > 0], minlength=size * size) * ((reach + 1 - distance) / reach)
    return counts.reshape(size, size)


def mutual_information(counts: np.ndarray) -> np.ndarray:
    """The pointwise mutual information of words and contexts, (n, n), by their `counts`; -inf where there are none."""
    contexts = counts.sum(axis=0) ** SMOOTHING
    expected = np.outer(counts.sum(axis=1), contexts / max(contexts.sum(), 1e-30))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts > 0, np.log(counts / expected), -np.inf)


def counted_vectors(counts: np.ndarray, width: int) -> np.ndarray:
    """Vectors (n, `width`) of the positive mutual information by singular values, each weighted by its root."""
    from scipy.sparse.linalg import svds

    positive = np.maximum(mutual_information(counts), 0)
    start = np.ones(len(positive)) / np.sqrt(len(positive))
    left, values, _ = svds(positive, k=min(width, len(positive) - 1), v0=start)
    return left * np.sqrt(values)


def analogies(vectors: np.ndarray, questions: np.ndarray) -> np.ndarray:
    """Whether each of the `questions` (n, 4), ids of a : b = c : d, is answered right: bool (n,).

    The answer is the word of the largest cosine to b - a + c, unit vectors, among all but these three (Mikolov et al.
    2013).
    """
    vectors, right = unit(vectors), []
    for part in np.array_split(questions, -(-len(questions) // 1024)):
        a, b, c, d = part.T
        cosines = (vectors[b] - vectors[a] + vectors[c]) @ vectors.T
        for given in (a, b, c):
            cosines[np.arange(len(part)), given] = -np.inf
        right.append(cosines.argmax(axis=1) == d)
    return np.concatenate(right)


def likeness(vectors: np.ndarray, pairs: np.ndarray, judged: np.ndarray) -> float:
    """Spearman's rank correlation of the cosines of `pairs` (n, 2) of ids and what people have `judged` (n,)."""
    from scipy.stats import spearmanr

    vectors = unit(vectors)
    return float(spearmanr((vectors[pairs[:, 0]] * vectors[pairs[:, 1]]).sum(axis=1), judged).statistic)
