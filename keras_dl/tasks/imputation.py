"""Imputation: tell the cells of a table that are not known from those that are.

The lecture's "predict missing data", by what BERT and masked autoencoders do: of the cells that are known a share is
hidden, others at each step, and only these are to be told; in evaluation a row always has the same ones hidden. Cells
that are not known in the table are never a target and are seen by nobody. Numbers are told by the squared error, words
by the cross-entropy, and the loss is the sum of the means over the hidden cells of either. What is hidden is drawn, so
scores are those of gaps that come by chance ("missing completely at random"); gaps of a table may have their reasons.

Answers are rows with their gaps filled: numbers by what is expected, words by the likeliest.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import ClassVar

import numpy as np

from keras_dl.data.gaps import CELLS, FILLED, ROW, Group, groups, of_features
from keras_dl.data.table import Numbers, Table
from keras_dl.errors import UsageError
from keras_dl.fields import Fraction
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task

FEATURES, KNOWN = "features", "known"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Imputation(Task):
    """Fill the gaps of a table."""

    objective = LOSS
    wants = ((FEATURES,),)
    whole_tables = True
    _groups: ClassVar[tuple[Group, ...]] = ()

    hidden: Fraction = 0.3
    """share of the known cells that is hidden"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        column = data.spec.columns[data.spec.input]
        if column.vocabulary is None or not column.gaps:
            raise UsageError(f"{self.name} learns tables, files that end in .csv; {data.spec.name} is another thing")
        return data

    def for_data(self, spec):
        task = copy.copy(self)
        object.__setattr__(task, "_groups", groups(Table.from_json(spec.columns[FEATURES].vocabulary)))
        return task

    def inputs(self, batch):
        known = ~tf.math.is_nan(batch[FEATURES])
        return {FEATURES: tf.where(known, batch[FEATURES], 0.0), KNOWN: tf.cast(known, "float32")}

    def prepare(self, batch, key):
        seen = self.inputs(batch)
        y, known = seen[FEATURES], seen[KNOWN]
        hides = self._noise(y, key) < self.hidden
        hidden = known * tf.gather(tf.cast(hides, "float32"), of_features(self._groups), axis=1)
        return {FEATURES: y * (1 - hidden), KNOWN: known - hidden}, y, hidden

    def _noise(self, features: tf.Tensor, key: tf.Tensor | None) -> tf.Tensor:
        """Numbers 0..1 for each cell (batch, columns), drawn by `key`, or by the row itself where there is none."""
        columns = len(self._groups)
        if key is not None:
            return tf.random.stateless_uniform((tf.shape(features)[0], columns), key)
        rows = tf.cast(1e6 * tf.reduce_sum(tf.cast(features, "float64"), axis=1), "int64")

        def drawn(number):
            return tf.random.stateless_uniform((columns,), tf.stack([number, 0]))

        return tf.map_fn(drawn, rows, fn_output_signature="float32")

    def learner(self, network, config, options):
        from keras_dl.learning.imputing import Imputing

        if not isinstance(network.input, dict) or set(network.input) != {FEATURES, KNOWN}:
            raise UsageError(f"{self.name} is for networks such as masked_imputer; not {network.name}")
        width = network.output.shape[-1]
        anything = [Group(str(place), Numbers(0.0, 0.0, 1.0), place, place + 1) for place in range(width)]
        return Imputing(network, self._groups or anything)  # whose steps take as long

    def example(self, network, count):
        x, _ = super().example(network, count)
        zeros = np.zeros((count, network.output.shape[-1]), "float32")
        return x, zeros, zeros + 1

    def answers(self, network, config, inputs, spec):
        found = groups(Table.from_json(spec.columns[FEATURES].vocabulary))
        features = np.asarray(inputs[FEATURES], "float32")
        guesses = self.outputs(network, {FEATURES: features})
        rows = [{} for _ in features]
        filled = [{} for _ in features]
        for group in found:
            given, guessed = group.said(np.nan_to_num(features)), group.said(guesses)
            for row, gap in enumerate(np.isnan(features[:, group.start])):
                rows[row][group.name] = given[row]
                if gap:
                    filled[row][group.name] = guessed[row]
        rows = inputs.get(CELLS, rows)
        return [{FILLED: gaps, ROW: {**row, **gaps}} for row, gaps in zip(rows, filled, strict=True)]
