"""Domain-adversarial networks: classes and the domain of a picture, told from the same features.

Ganin & Lempitsky, "Unsupervised Domain Adaptation by Backpropagation", ICML 2015, figure 4a; Ganin et al., JMLR 17,
2016. Input: `image`, (batch, height, width, channels), pixels 0..255; outputs: `head`, (batch, classes) logits, and
`domain`, (batch, 1), the logit of "from the target".

    name  parameters  layers
    dann     205,891  conv 32 and 48 of 5x5, each with a pool of 2; classes 100-100-10; domain 100-1, by `domain_head`

The count is 40,880 of the features, 88,010 of the classes and 77,001 of the domain, for pictures of 28x28 in colour.
The layer that reverses the gradient changes nothing that comes out; it stands between `features` and `domain_head`
where the network is trained, by the task domain_adversarial. That also works with any other network for classes, for
which it makes such a head. Each picture of the paper is less its mean; here pixels are brought to -1..1.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.fields import Count
from keras_dl.lazy import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class DANN(ImageClassifier):
    """The network for digits."""

    task: ClassVar[str] = "domain_adversarial"
    fixed_size: ClassVar[bool] = True

    input_shape: tuple[Count, Count, Count] = (28, 28, 3)
    classes: int = 10
    filters: tuple[int, int] = width((32, 48), low=4, high=256)
    """filters of the two convolutions"""
    units: int = width(100, low=8, high=1024)
    """of each hidden layer behind them"""

    @property
    def smallest_size(self) -> int:
        return 16


def domain_head(config: DANN, features: int) -> keras.Model:
    """(batch, features) -> (batch, 1)."""
    inputs = keras.Input((features,), name="features")
    x = keras.layers.Dense(config.units, activation="relu", name="domain_stage1")(inputs)
    return keras.Model(inputs, keras.layers.Dense(1, name="domain_logit")(x), name="domain_head")


def build(config: DANN) -> keras.Model:
    inputs, x = pixels(config)
    for index, filters in enumerate(config.filters, start=1):
        x = keras.layers.Conv2D(filters, 5, activation="relu", name=f"stage{index}_conv")(x)
        x = keras.layers.MaxPooling2D(2, name=f"stage{index}_pool")(x)
    features = keras.layers.Flatten(name="features")(x)
    x = keras.layers.Dense(config.units, activation="relu", name="stage3")(features)
    x = keras.layers.Dense(config.units, activation="relu", name="stage4")(x)
    classes = keras.layers.Dense(config.classes, name="head")(x)
    domain = domain_head(config, features.shape[-1])(features)
    return keras.Model(inputs, {"head": classes, "domain": domain}, name="dann")


VARIANTS = {"dann": DANN()}
PAPERS = {"dann": ("Unsupervised Domain Adaptation by Backpropagation", "2015")}
