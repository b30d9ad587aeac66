"""A gated recurrent layer that looks anew at another sequence in each of its steps."""

import keras
from keras import ops

MASKED = -1e9
"""a score that leaves no attention; where all are masked, attention is spread evenly"""


@keras.saving.register_keras_serializable(package="keras_dl")
class AttentionCell(keras.layers.Layer):
    """One step of `AttentionGRU`; its states are the unit's own and what it looks at, which stays as it is."""

    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = (units,) * 4

    def build(self, input_shape, width):
        units = self.units
        self.query_kernel = self.add_weight(shape=(units, units), name="query_kernel")
        self.score = self.add_weight(shape=(units, 1), name="score")
        self.context_kernel = self.add_weight(shape=(width, 3 * units), name="context_kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(units, 3 * units), initializer="orthogonal", name="recurrent_kernel"
        )

    def call(self, gates, states):
        state, keys, values, there = states
        query = ops.expand_dims(ops.matmul(state, self.query_kernel), 1)
        scores = ops.squeeze(ops.matmul(ops.tanh(query + keys), self.score), -1)
        attention = ops.softmax(ops.where(there > 0, ops.cast(scores, "float32"), MASKED))
        attention = ops.cast(attention, values.dtype)
        context = ops.squeeze(ops.matmul(ops.expand_dims(attention, 1), values), 1)
        update, reset, new = ops.split(gates + ops.matmul(context, self.context_kernel), 3, axis=-1)
        of_update, of_reset, of_new = ops.split(ops.convert_to_tensor(self.recurrent_kernel), 3, axis=-1)
        update = ops.sigmoid(update + ops.matmul(state, of_update))
        reset = ops.sigmoid(reset + ops.matmul(state, of_reset))
        new = ops.tanh(new + ops.matmul(reset * state, of_new))
        outputs = ops.concatenate([state, context, attention], axis=-1)
        return outputs, [update * state + (1 - update) * new, keys, values, there]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="keras_dl")
class AttentionGRU(keras.layers.Layer):
    """In each step the state asks which of the values matter, and their mean by this attention enters the next state.

    Takes a list: what the inputs give to the gates, (batch, steps, 3 * units), for update, reset and new state; the
    initial state, (batch, units); keys, (batch, length, units), and values, (batch, length, width), to look at; and
    where there are any, (batch, length) bool. Gives a list with, for each step, the state before it, (batch, steps,
    units), the mean of the values, (batch, steps, width), and the attention, (batch, steps, length).

    The attention is the softmax of score . tanh(query_kernel state + key). Gates are those of Cho et al. 2014, as
    Keras's GRU has them with reset_after=False, each with a part of `context_kernel` for the mean of the values.

    Bahdanau, Cho & Bengio 2015, "Neural Machine Translation by Jointly Learning to Align and Translate", ICLR, app. A.
    """

    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.supports_masking = True
        self.cell = AttentionCell(units, name="cell", dtype=self.dtype_policy)
        self.recurrence = keras.layers.RNN(self.cell, return_sequences=True, dtype=self.dtype_policy)

    def build(self, input_shape):
        gates, state, keys, self.values_shape, _ = input_shape
        if (gates[-1], state[-1], keys[-1]) != (3 * self.units, self.units, self.units):
            raise ValueError(f"{self.units} units take three times as many gates and equal states, got {input_shape}")
        self.cell.build((gates[0], gates[-1]), width=self.values_shape[-1])
        self.recurrence.built = True

    def call(self, inputs):
        gates, state, keys, values, there = inputs
        there = ops.cast(there, self.compute_dtype)
        outputs = self.recurrence(gates, initial_state=[state, keys, values, there])
        return ops.split(outputs, [self.units, self.units + self.values_shape[-1]], axis=-1)

    def compute_mask(self, inputs, mask=None):
        """None: all steps count, and of the values the last of the inputs says which are there."""

    def compute_output_shape(self, input_shape):
        (batch, steps, _), (_, units), _, (_, length, width), _ = input_shape
        return [(batch, steps, size) for size in (units, width, length)]

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input, those of the attention by the values included."""
        _, length, width = self.values_shape
        return self.links(output_shape) + output_shape[0] * length * width

    def links(self, output_shape) -> int:
        """Connections for one input: at each step all kernels once, and the score's vector at every key."""
        units, (_, length, width) = self.units, self.values_shape
        return output_shape[0] * (units * units + (units + width) * 3 * units + length * units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
