"""Examples that TensorFlow makes of what another source holds, such as pictures of records."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable

import numpy as np

from keras_dl.data.source import Source
from keras_dl.lazy import tf

AT_ONCE = 32
"""contents that are decoded at the same time, as far as there are cores"""


class Decoded(Source):
    """What `decode` makes of each content, a string (), of `contents`: an example of `shape` and `dtype`.

    Programs get the contents and decode them themselves, several at the same time.
    """

    def __init__(
        self,
        contents: Source,
        decode: Callable[[tf.Tensor], tf.Tensor],
        *,
        shape: tuple[int, ...],
        dtype: np.dtype | str,
    ):
        self._contents, self._decode = contents, decode
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)

    def __len__(self) -> int:
        return len(self._contents)

    def take(self, indices: np.ndarray) -> np.ndarray:
        return self._program(tf.constant(self._contents.take(indices), "string")).numpy()

    def chosen(self, indices: np.ndarray) -> Source:
        return Decoded(self._contents.chosen(indices), self._decode, shape=self.shape, dtype=self.dtype)

    def stored(self) -> Source:
        return self._contents

    def finished(self, stored: tf.Tensor) -> tf.Tensor:
        one = tf.TensorSpec(self.shape, self.dtype)
        with tf.device("CPU"):
            return tf.map_fn(self._decode, stored, fn_output_signature=one, parallel_iterations=AT_ONCE)

    @functools.cached_property
    def _program(self) -> Callable[[tf.Tensor], tf.Tensor]:
        return tf.function(self.finished, autograph=False, input_signature=[tf.TensorSpec([None], "string")])

    def fingerprint(self) -> str:
        parts = self._contents.fingerprint(), repr((self.shape, self.dtype.name))
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()
