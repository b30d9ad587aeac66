"""GoogLeNet, the first Inception network: 22 layers deep, without batch normalisation.

Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke & Rabinovich, "Going Deeper with Convolutions", CVPR 2015,
table 1.
Input: (batch, 224, 224, 3) or any size from 17x17 up; output: (batch, classes) logits.

    name        parameters   with both auxiliary classifiers
    googlenet    6,998,552   13,378,280

The paper trains with two more classifiers half-way, whose losses count 0.3 each, and drops them afterwards. With
`auxiliary=True` the output is a dictionary of three logits, by the names of their layers:

    model = keras_dl.build("googlenet", auxiliary=True)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        "sgd",
        loss={name: loss for name in model.output_names},
        loss_weights={"head": 1.0, "head_auxiliary1": 0.3, "head_auxiliary2": 0.3},
    )
    model.fit(images, {name: labels for name in model.output_names})

`surgery.transplant(model, keras_dl.get_config("googlenet"), fresh=())` then leaves them out. Their dense layers read
maps of a fixed size, so such a network takes pictures of the declared size only, 65x65 or more.

Convolutions and poolings of stride 2 pad as Keras does, on even sizes at the lower and right border; Caffe's copy pads
its first convolution on all sides. The paper gives no constants of the local response normalisation: AlexNet's are
taken, where Caffe's copy has k = 1 and alpha = 2e-5; and no normalisation of the pixels: the mean of each channel is
subtracted, as in Caffe. torchvision's googlenet is another network, with batch normalisation and a 3x3 convolution in
the place of every 5x5 one; its weights do not fit.
"""

from __future__ import annotations

import dataclasses

from keras_dl.architectures.vision import CAFFE, ImageClassifier, pixels
from keras_dl.config import depth, width
from keras_dl.fields import Share
from keras_dl.lazy import keras, layers

MODULES = (
    ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    (
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ),
    ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)
"""The paper's 3a, 3b; 4a .. 4e; 5a, 5b: filters of 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class GoogLeNet(ImageClassifier):
    """A stem, a stage of two convolutions, and three stages of Inception modules."""

    pixel_scale: float | tuple[float, ...] = CAFFE["pixel_scale"]
    pixel_offset: float | tuple[float, ...] = CAFFE["pixel_offset"]
    width_multiplier: float = width(1.0, low=0.25, high=2.0)
    """factor on all filters of the paper's table"""
    modules: tuple[int, int, int] = depth((2, 5, 2), low=1, high=10)
    """modules in each stage: the table's rows for it from the first on, the last of them as often as needed"""
    dropout: Share = 0.4
    """rate of dropout before the classifier"""
    auxiliary: bool = False
    """whether two more classifiers read the third stage, after its first module and after its last but one"""

    @property
    def fixed_size(self) -> bool:
        return self.auxiliary

    @property
    def smallest_size(self) -> int:
        return 65 if self.auxiliary else 17  # five positions at the stride of 16, two before the last stride

    def filters(self, of_table: int) -> int:
        """The filters where the paper's table has `of_table`."""
        return max(1, round(self.width_multiplier * of_table))


def convolution(x, config: GoogLeNet, of_table: int, size: int, name: str, strides: int = 1):
    """(batch, height, width, channels) -> (batch, height / strides, width / strides, filters)."""
    return keras.layers.Conv2D(
        config.filters(of_table), size, strides=strides, padding="same", activation="relu", name=name
    )(x)


def inception_module(x, config: GoogLeNet, row: tuple[int, ...], name: str):
    """(batch, height, width, channels) -> (batch, height, width, filters), those of four branches together."""
    single, reduce3, conv3, reduce5, conv5, projection = row
    three = convolution(x, config, reduce3, 1, f"{name}_3x3_reduce")
    five = convolution(x, config, reduce5, 1, f"{name}_5x5_reduce")
    pooled = keras.layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    branches = [
        convolution(x, config, single, 1, f"{name}_1x1"),
        convolution(three, config, conv3, 3, f"{name}_3x3"),
        convolution(five, config, conv5, 5, f"{name}_5x5"),
        convolution(pooled, config, projection, 1, f"{name}_projection"),
    ]
    return keras.layers.Concatenate(name=f"{name}_concat")(branches)


def auxiliary_classifier(x, config: GoogLeNet, number: int):
    """(batch, height, width, channels) -> (batch, classes)."""
    name = f"auxiliary{number}"
    x = keras.layers.AveragePooling2D(5, strides=3, name=f"{name}_pool")(x)
    x = convolution(x, config, 128, 1, f"{name}_conv")
    x = keras.layers.Flatten(name=f"{name}_flatten")(x)
    x = keras.layers.Dense(config.filters(1024), activation="relu", name=f"{name}_dense")(x)
    x = keras.layers.Dropout(0.7, name=f"{name}_dropout")(x)
    return keras.layers.Dense(config.classes, activation=config.classifier_activation, name=f"head_{name}")(x)


def build(config: GoogLeNet) -> keras.Model:
    inputs, x = pixels(config)
    x = convolution(x, config, 64, 7, "stem_conv", strides=2)
    x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="stage1_pool")(x)
    x = layers.LocalResponseNormalization(name="stage1_norm1")(x)
    x = convolution(x, config, 64, 1, "stage1_3x3_reduce")
    x = convolution(x, config, 192, 3, "stage1_3x3")
    x = layers.LocalResponseNormalization(name="stage1_norm2")(x)
    outputs = {}
    for stage, (rows, count) in enumerate(zip(MODULES, config.modules, strict=True), start=2):
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name=f"stage{stage}_pool")(x)
        for block in range(1, count + 1):
            x = inception_module(x, config, rows[min(block, len(rows)) - 1], f"stage{stage}_block{block}")
            for number, place in enumerate((1, max(1, count - 1)), start=1):
                if config.auxiliary and (stage, block) == (3, place):
                    outputs[f"head_auxiliary{number}"] = auxiliary_classifier(x, config, number)
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(x)
    x = keras.layers.Dropout(config.dropout, name="head_dropout")(x)
    logits = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, {"head": logits, **outputs} if outputs else logits, name="googlenet")


VARIANTS = {"googlenet": GoogLeNet()}
