"""Faster R-CNN with a feature pyramid: boxes around objects, and what they are.

Ren, He, Girshick & Sun, "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks", NIPS 2015;
Lin, Dollar, Girshick, He, Hariharan & Belongie, "Feature Pyramid Networks for Object Detection", CVPR 2017.
Input: (batch, 800, 1344, 3) or any multiples of 32 pixels; outputs, with n anchors and p proposals:

    objectness    (batch, n)                    logits of the anchors, `proposals` layer says where these are
    deltas        (batch, n, 4)                 their boxes, coded (`keras_dl.boxes.coding`)
    proposals     (batch, p, 4)                 boxes in pixels, the best first, padded by -1
    class_logits  (batch, p, 1 + classes)       background first
    box_deltas    (batch, p, 1 + classes, 4)    a box for every class, coded

    name                 parameters   trainable   trainable with frozen_norms
    faster_rcnn_r50_fpn  41,861,526  41,808,406   41,755,286

`keras_dl.boxes.detections` makes the boxes of objects out of them. The nested models are the parts that losses need:
`backbone`, from a picture to maps of the strides 4 to 64, a ResNet-50 and the pyramid on it; `rpn`, from the maps to
objectness and deltas; `head_boxes`, from maps and any boxes to classes and better boxes.

This is torchvision's `fasterrcnn_resnet50_fpn`: anchors of one size a map, 32 to 512 pixels, and three ratios; the
coarsest map is every second position of the one before; RoIAlign with 2x2 points a bin. The paper of 2015 has VGG16,
one map with nine anchors a position, two outputs for objectness and RoI pooling; the one of 2017 a batch of 512 RoIs
and the same pyramid. `classes` are kinds of objects: torchvision's 91 are 90 and the background.

`filters` scales all: the pyramid is 4 times as wide, as the first stage's output (256), the hidden layers of the
head 16 times (1024). The batch normalisation learns, as in torchvision without trained weights; with `frozen_norms`
it stands still, as it does there on a backbone trained before. Kernels start as in torchvision, biases at 0.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Self

from keras_dl.architectures.vision import TORCH, resnet
from keras_dl.config import Config, depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec

STRIDES = (4, 8, 16, 32, 64)
"""of the maps; the head does not read the last"""
ANCHORS = 3
"""at each position"""
STEP = 32
PROPOSALS, SHORTER_SIDE = 1000, 800


@dataclasses.dataclass(frozen=True, kw_only=True)
class FasterRCNN(Config):
    """A detector of two stages on a residual network with a feature pyramid."""

    task: ClassVar[str] = "object_detection"

    input_shape: tuple[Count, Count, Count] = (800, 1344, 3)
    """height, width and channels of a picture"""
    classes: Count = 90
    """kinds of objects, the background not counted"""
    filters: int = width(64, low=4, high=128)
    """filters of the residual network's stem, to which all widths are proportional"""
    blocks: tuple[int, int, int, int] = depth((3, 4, 6, 3), low=1, high=36)
    """residual blocks in each stage"""
    anchor_side: Count = 32
    """pixels of the anchors on the finest map; on each further map they are twice as large"""
    proposals: Count | None = None
    """boxes that the head looks at; in training it learns from a sample of twice as many. By default 1000, as in
    torchvision, where the shorter side of a picture has 800 pixels or more, and in proportion where it has fewer"""
    frozen_norms: bool = False
    """whether the batch normalisations of the residual network stay as they are"""

    def __post_init__(self):
        super().__post_init__()
        height, width = self.input_shape[:2]
        if min(height, width) < self.smallest_size:
            raise UsageError(f"input {height}x{width} is too small for this {self.family}; use at least 32x32")
        if (height, width) != (fitting := tuple(fitting_size(size) for size in (height, width))):
            raise UsageError(
                f"{self.family} takes multiples of {STEP} pixels, got {height}x{width}; the nearest is "
                f"{fitting[0]}x{fitting[1]}"
            )

    @property
    def smallest_size(self) -> int:
        return STEP

    @property
    def grids(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of each map, the finest first."""
        height, width = self.input_shape[:2]
        return tuple((-(-height // stride), -(-width // stride)) for stride in STRIDES)

    @property
    def looked_at(self) -> int:
        """The number of proposals."""
        return self.proposals or round(PROPOSALS * min(1.0, min(self.input_shape[:2]) / SHORTER_SIDE))

    def for_data(self, spec: Spec) -> Self:
        spec.check_pictures()
        if spec.find("boxes") is None:
            raise UsageError(f"{self.family} needs boxes of objects, {spec.name} has none")
        size = tuple(fitting_size(size) for size in spec.shape[:2])
        return self.replace(input_shape=(*size, spec.shape[2]), classes=spec.classes)


def fitting_size(size: int) -> int:
    """The nearest multiple of 32 pixels."""
    return max(1, round(size / STEP)) * STEP


def convolution(x, filters: int, size: int, name: str, initializer="lecun_uniform", activation=None):
    """(batch, rows, columns, channels) -> (batch, rows, columns, filters)."""
    return keras.layers.Conv2D(
        filters, size, padding="same", activation=activation, kernel_initializer=initializer, name=name
    )(x)


def backbone(config: FasterRCNN) -> keras.Model:
    """Pixels -> maps by name, "p2" of stride 4 to "p6" of stride 64, all of the width 4 * filters."""
    trunk = resnet.ResNet(
        input_shape=config.input_shape, classes=2, filters=config.filters, blocks=config.blocks, form="torch", **TORCH
    ).build()
    outputs = [trunk.get_layer(f"stage{i}_block{count}_relu3").output for i, count in enumerate(config.blocks, 1)]
    if config.frozen_norms:
        for layer in trunk.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False
    maps, above = {}, None
    for level, x in reversed([*enumerate(outputs, start=2)]):
        x = convolution(x, 4 * config.filters, 1, f"stage5_lateral{level}")
        if above is not None:
            larger = keras.layers.UpSampling2D(2, name=f"stage5_up{level}")(above)
            x = keras.layers.Add(name=f"stage5_add{level}")([x, larger])
        maps[f"p{level}"], above = convolution(x, 4 * config.filters, 3, f"stage5_conv{level}"), x
    maps = dict(sorted(maps.items()))
    maps["p6"] = keras.layers.MaxPooling2D(1, strides=2, name="stage5_pool6")(maps["p5"])
    return keras.Model(trunk.input, maps, name="backbone")


def inputs(config: FasterRCNN, levels: int) -> dict:
    """Symbolic maps by name, the finest so many."""
    return {
        f"p{level}": keras.Input((*grid, 4 * config.filters), name=f"p{level}")
        for level, grid in enumerate(config.grids[:levels], start=2)
    }


def rpn(config: FasterRCNN) -> keras.Model:
    """Maps by name -> objectness (batch, n) and deltas (batch, n, 4) of all anchors, map by map."""
    maps = inputs(config, len(STRIDES))
    shared = {
        "conv": keras.layers.Conv2D(
            4 * config.filters, 3, padding="same", activation="relu", kernel_initializer=small(0.01), name="rpn_conv"
        ),
        "objectness": keras.layers.Conv2D(ANCHORS, 1, kernel_initializer=small(0.01), name="rpn_objectness"),
        "deltas": keras.layers.Conv2D(4 * ANCHORS, 1, kernel_initializer=small(0.01), name="rpn_deltas"),
    }
    found = {"objectness": [], "deltas": []}
    for name, x in maps.items():
        x = shared["conv"](x)
        for output, shape in (("objectness", (-1,)), ("deltas", (-1, 4))):
            rows = keras.layers.Reshape(shape, name=f"rpn_{output}_{name}")(shared[output](x))
            found[output].append(rows)
    outputs = {key: keras.layers.Concatenate(axis=1, name=f"rpn_{key}_all")(rows) for key, rows in found.items()}
    return keras.Model(maps, outputs, name="rpn")


def small(deviation: float):
    """A fresh initializer for each kernel: one instance gives the same numbers again."""
    return keras.initializers.RandomNormal(stddev=deviation)


def head(config: FasterRCNN) -> keras.Model:
    """Maps by name and "boxes" (batch, any, 4) -> class_logits (batch, any, 1 + classes), box_deltas (.., .., 4)."""
    maps = inputs(config, len(STRIDES) - 1)
    boxes = keras.Input((None, 4), name="boxes")
    x = layers.RoIAlign(7, STRIDES[:-1], name="head_align")(boxes, [*maps.values()])
    x = keras.layers.Reshape((-1, 49 * 4 * config.filters), name="head_flatten")(x)
    for number in (1, 2):
        x = dense(x, 16 * config.filters, f"head_dense{number}", activation="relu")
    classes = config.classes + 1
    deltas = dense(x, 4 * classes, "head_deltas")
    outputs = {
        "class_logits": dense(x, classes, "head_classes"),
        "box_deltas": keras.layers.Reshape((-1, classes, 4), name="head_boxes_by_class")(deltas),
    }
    return keras.Model({**maps, "boxes": boxes}, outputs, name="head_boxes")


def dense(x, units: int, name: str, activation=None):
    """(batch, n, any) -> (batch, n, units), from a uniform distribution as PyTorch has it."""
    initializer = keras.initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")
    return keras.layers.Dense(units, activation=activation, kernel_initializer=initializer, name=name)(x)


def build(config: FasterRCNN) -> keras.Model:
    image = keras.Input(config.input_shape, name="image")
    maps = backbone(config)(image)
    found = rpn(config)(maps)
    proposals = layers.Proposals(
        config.input_shape[:2],
        config.grids,
        [config.anchor_side * 2**level for level in range(len(STRIDES))],
        config.looked_at,
        name="proposals",
    )(found["objectness"], found["deltas"])
    finest = {name: maps[name] for name in list(maps)[:-1]}
    answers = head(config)({**finest, "boxes": proposals})
    return keras.Model(image, {**found, "proposals": proposals, **answers}, name="faster_rcnn")


VARIANTS = {"faster_rcnn_r50_fpn": FasterRCNN()}
