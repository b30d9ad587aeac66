"""Several optimizers, each for a part of a network, behind the one that Keras knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keras_dl.lazy import keras


class Several(keras.optimizers.Optimizer):
    """The optimizers `parts` by name, each built for variables of its own.

    Its rate and its count of iterations are those of the first; a rate that is set is set for all.
    """

    def __init__(self, parts: Mapping[str, keras.optimizers.Optimizer]):
        super().__init__(learning_rate=0.0, name="several")
        self.parts = dict(parts)

    def build(self, variables: Sequence[keras.Variable]) -> None:
        self._trainable_variables, self.built = list(variables), True

    @property
    def variables(self):
        return [variable for optimizer in self.parts.values() for variable in optimizer.variables]

    @property
    def learning_rate(self):
        return next(iter(self.parts.values())).learning_rate

    @learning_rate.setter
    def learning_rate(self, rate):
        for optimizer in self.parts.values():
            optimizer.learning_rate = rate

    @property
    def iterations(self):
        return next(iter(self.parts.values())).iterations

    def apply(self, grads, trainable_variables=None):
        """A step of one gradient, each part by its own optimizer."""
        found = {id(variable): gradient for gradient, variable in zip(grads, self._trainable_variables, strict=True)}
        for optimizer in self.parts.values():
            own = optimizer._trainable_variables
            optimizer.apply([found[id(variable)] for variable in own], own)

    def finalize_variable_values(self, var_list):
        for optimizer in self.parts.values():
            optimizer.finalize_variable_values(optimizer._trainable_variables)
