"""How much a text repeats itself, and how varied texts are together."""

from __future__ import annotations

import numpy as np


def repeated(ids: np.ndarray, run: int) -> float:
    """The share of the runs of `run` tokens in `ids` (n,) that stood in it before.

    Welleck et al., "Neural Text Generation with Unlikelihood Training", ICLR 2020, section 6.
    """
    runs = np.lib.stride_tricks.sliding_window_view(ids, run)
    return 1 - len(np.unique(runs, axis=0)) / len(runs)


def different(ids: np.ndarray) -> float:
    """The share of different pairs among all pairs of neighbouring tokens in `ids` (texts, n).

    Li et al., "A Diversity-Promoting Objective Function for Neural Conversation Models", NAACL 2016, section 5.
    """
    pairs = np.lib.stride_tricks.sliding_window_view(ids, 2, axis=1).reshape(-1, 2)
    return len(np.unique(pairs, axis=0)) / len(pairs)
