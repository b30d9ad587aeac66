"""Exceptions in what programs of TensorFlow call: they come out as they were, not as TensorFlow's."""

from __future__ import annotations

import collections
import contextlib
import functools
import itertools
import re
from collections.abc import Callable, Iterator

from keras_dl.lazy import tf

MARK = "exception of keras_dl number "
KEPT = 100
"""exceptions that are remembered at most: of several examples read ahead each may fail, and one is raised"""

_numbers = itertools.count()
_kept: collections.OrderedDict[str, Exception] = collections.OrderedDict()


def remembering(function: Callable) -> Callable:
    """`function` for `tf.numpy_function`, whose exceptions `raised` knows."""

    @functools.wraps(function)
    def call(*arguments):
        try:
            return function(*arguments)
        except Exception as error:
            number = str(next(_numbers))
            _kept[number] = error
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
            raise RuntimeError(f"{MARK}{number};") from None

    return call


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Within it, what ends a program of TensorFlow because of a `remembering` function is raised as it was there."""
    try:
        yield
    except tf.errors.OpError as error:
        found = re.search(rf"{MARK}(\d+);", error.message)
        if found is None or found[1] not in _kept:
            raise
        raise _kept[found[1]] from None
