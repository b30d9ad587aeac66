"""A network that tells the cells of a table that it does not see from those that it sees.

Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders", ICML 2008, whose corruption
leaves numbers out; which they are, the network is told, as BERT is by its mask. Inputs: `features`, (batch, features),
0 where one is not known, and `known`, (batch, features), 1 where it is; output: (batch, features), a number or the
logit of a word for each, of known ones too.

    name            parameters  layers
    masked_imputer      28,190  (30 + 30)-128-128-30

30 features are those of scikit-learn's table of breast cancer. The field of missing data has no network of this form
that others are compared with; it stands for the lecture's "imputation: predict missing data".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from keras_dl.config import Config, depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskedImputer(Config):
    """A multilayer perceptron of features and of which are known."""

    task: ClassVar[str] = "imputation"
    training: ClassVar[Mapping[str, Any]] = {"epochs": 100}

    input_shape: tuple[Count] = (30,)
    """features of a row"""
    units: int = width(128, low=16, high=1024)
    """units of each hidden layer"""
    layers: int = depth(2, low=1, high=8)
    """hidden layers"""
    dropout: Share = 0.0
    """fraction of hidden units dropped"""

    def for_data(self, spec: Spec) -> Self:
        if spec.kind != "features":
            raise UsageError(f"{self.family} takes the rows of a table, {spec.name} is {spec.kind}")
        return super().for_data(spec)


def build(config: MaskedImputer) -> keras.Model:
    inputs = {name: keras.Input(config.input_shape, name=name) for name in ("features", "known")}
    x = keras.layers.Concatenate(name="stem")([*inputs.values()])
    for index in range(1, config.layers + 1):
        x = keras.layers.Dense(config.units, activation="relu", name=f"stage{index}")(x)
        if config.dropout:
            x = keras.layers.Dropout(config.dropout, name=f"stage{index}_dropout")(x)
    outputs = keras.layers.Dense(config.input_shape[0], name="head")(x)
    return keras.Model(inputs, outputs, name="masked_imputer")


VARIANTS = {"masked_imputer": MaskedImputer()}
PAPERS = {
    "masked_imputer": ("Extracting and Composing Robust Features with Denoising Autoencoders", "2008"),
}
