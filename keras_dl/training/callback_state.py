"""What callbacks remember, for checkpoints: what they say themselves, and of Keras's own what is public and changes."""

from __future__ import annotations

import collections
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.lazy import keras

OF_KERAS = frozenset({"_model", "_params", "params", "model", "validation_data"})
"""attributes of every callback that Keras sets"""


class CallbackState:
    """The state of `callbacks`, in their order.

    A callback says it by `get_state()`, a dict of JSON values and arrays, and takes it back by `set_state(state)`. Of
    Keras's own callbacks it is what public attributes have become since the start: numbers, words, lists of arrays. Any
    other callback that has changed meanwhile cannot go on.
    """

    def __init__(self, callbacks: Sequence[keras.callbacks.Callback]):
        self._callbacks = list(callbacks)
        self._initial = [dict(vars(callback)) for callback in self._callbacks]
        self._digests = [_digests(callback) for callback in self._callbacks]

    def capture(self) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
        """The state as JSON per callback and as named tensors."""
        numbers: list[dict[str, Any]] = []
        tensors = {}
        for place, callback in enumerate(self._callbacks):
            found: dict[str, Any] = {}
            if hasattr(callback, "get_state"):
                found = dict(callback.get_state())
            elif _is_of_keras(callback):
                found = self._public_changes(place)
            elif changed := self._changed(place):
                numbers.append({"unsaid": changed})
                continue
            numbers.append({"said": {}})
            for key, value in found.items():
                if isinstance(value, np.ndarray):
                    tensors[f"callback/{place}/{key}"] = value
                elif isinstance(value, list) and value and all(isinstance(item, np.ndarray) for item in value):
                    tensors |= {f"callback/{place}/{key}/{n:05d}": item for n, item in enumerate(value)}
                else:
                    numbers[-1]["said"][key] = value.item() if isinstance(value, np.number) else value
        return numbers, tensors

    def _changed(self, place: int) -> list[str]:
        """The attributes of a callback that are no longer what they were."""
        before = self._digests[place]
        return [key for key, value in _digests(self._callbacks[place]).items() if before.get(key) != value]

    def _public_changes(self, place: int) -> dict[str, Any]:
        initial, found = self._initial[place], {}
        for key, value in vars(self._callbacks[place]).items():
            if key.startswith("_") or value is initial.get(key):
                continue
            is_list = isinstance(value, list) and value and all(isinstance(item, np.ndarray) for item in value)
            if is_list or isinstance(value, int | float | str | np.number):
                found[key] = value
        return found

    def restore(self, numbers: list[dict[str, Any]], tensors: dict[str, np.ndarray]) -> None:
        """Give the callbacks back what `capture` found. Raises `UsageError` where one could not say its state."""
        if len(numbers) != len(self._callbacks):
            raise UsageError(
                f"the training began with {len(numbers)} callbacks, it cannot go on with {len(self._callbacks)}"
            )
        for place, (callback, kept) in enumerate(zip(self._callbacks, numbers, strict=True)):
            if "unsaid" in kept:
                raise UsageError(
                    f"the callback {type(callback).__name__} cannot go on: it had changed {', '.join(kept['unsaid'])} "
                    "and could not say so; give it get_state() and set_state(state)"
                )
            found = dict(kept["said"])
            lists: dict[str, list[np.ndarray]] = collections.defaultdict(list)
            for name in sorted(name for name in tensors if name.startswith(f"callback/{place}/")):
                _, _, key, *number = name.split("/")
                if number:
                    lists[key].append(tensors[name])
                else:
                    found[key] = tensors[name]
            found |= lists
            if hasattr(callback, "set_state"):
                callback.set_state(found)
            else:
                vars(callback).update(found)


def _is_of_keras(callback: keras.callbacks.Callback) -> bool:
    return type(callback).__module__.partition(".")[0] in ("keras", "keras_dl")


def _digests(callback: keras.callbacks.Callback) -> dict[str, str]:
    return {key: _digest(value) for key, value in vars(callback).items() if key not in OF_KERAS}


def _digest(value: Any) -> str:
    """Something that changes when `value` does, as far as it is made of numbers, words, arrays and containers."""
    if isinstance(value, np.ndarray):
        return hashlib.sha256(np.ascontiguousarray(value)).hexdigest()
    if isinstance(value, dict):
        return str([(_digest(key), _digest(item)) for key, item in value.items()])
    if isinstance(value, list | tuple | collections.deque):
        return str([_digest(item) for item in value])
    if isinstance(value, set | frozenset):
        return str(sorted(_digest(item) for item in value))
    return repr(value) if isinstance(value, int | float | complex | str | bytes | None) else str(id(value))
