"""A small map of fixed size from any box of a picture."""

import math

import keras
import numpy as np
from keras import ops

LEVEL, SIDE = 4, 224
"""a square box of so many pixels is read from the map of stride 2^LEVEL"""


@keras.saving.register_keras_serializable(package="keras_dl")
class RoIAlign(keras.layers.Layer):
    """The part of a map that lies under each box, as `size` x `size` bins of interpolated values.

    Takes boxes (batch, n, 4) in pixels, not outside of the picture, and a list of maps (batch, rows, columns,
    channels), one for each of `strides`, growing powers of 2; gives (batch, n, size, size, channels). Each bin is the
    mean of 2x2 points, each interpolated between its four neighbours; a box smaller than a position is taken for one.
    The larger a box, the coarser the map that it is read from. Pads give what nobody reads, but finite numbers. No
    gradient flows to the boxes. Boxes stay float32 under mixed precision, maps keep their type.

    He, Gkioxari, Dollar & Girshick 2017, "Mask R-CNN", ICCV, section 3, and Lin et al. 2017, "Feature Pyramid Networks
    for Object Detection", CVPR, equation 1, as in torchvision: boxes are not shifted by half a pixel.
    """

    def __init__(self, size: int = 7, strides: tuple[int, ...] = (4, 8, 16, 32), **kwargs):
        super().__init__(**{"autocast": False, **kwargs})
        self.size, self.strides = size, tuple(strides)

    def call(self, boxes, maps):
        boxes = ops.stop_gradient(boxes)
        level = self._levels(boxes)
        rows, columns = (np.array([one.shape[axis] for one in maps], "int32") for axis in (1, 2))
        starts = np.concatenate([[0], np.cumsum(rows * columns)]).astype("int32")
        flat = ops.concatenate([ops.reshape(one, (-1, one.shape[1] * one.shape[2], one.shape[3])) for one in maps], 1)
        scale = ops.take(ops.array([1 / stride for stride in self.strides], "float32"), level)
        x = self._points(boxes[..., 0] * scale, boxes[..., 2] * scale, ops.take(ops.array(columns), level))
        y = self._points(boxes[..., 1] * scale, boxes[..., 3] * scale, ops.take(ops.array(rows), level))
        picture = ops.arange(ops.shape(flat)[0], dtype="int32")[:, None] * int(starts[-1])
        start = (picture + ops.take(ops.array(starts), level))[..., None, None]
        wide = ops.take(ops.array(columns), level)[..., None, None]
        flat = ops.reshape(flat, (-1, flat.shape[-1]))
        mixed = 0.0
        for row, down in y:
            for column, across in x:
                values = ops.take(flat, start + row[..., :, None] * wide + column[..., None, :], axis=0)
                share = down[..., :, None] * across[..., None, :]
                mixed = mixed + ops.cast(share, flat.dtype)[..., None] * values
        shape = (-1, boxes.shape[1] or ops.shape(boxes)[1], self.size, 2, self.size, 2, flat.shape[-1])
        return ops.mean(ops.reshape(mixed, shape), axis=(3, 5))

    def _levels(self, boxes):
        """The map for each box, (batch, n) int32."""
        side = ops.sqrt(ops.maximum((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]), 1e-6))
        level = ops.floor(LEVEL + ops.log2(side / SIDE) + 1e-6) - math.log2(self.strides[0])
        return ops.cast(ops.clip(level, 0, len(self.strides) - 1), "int32")

    def _points(self, start, end, count):
        """The neighbours of the points along an axis and their shares, (batch, n, 2 * size) int32 and float32.

        First those before the points and then those after; `start`, `end` and the `count` of positions are (batch, n).
        """
        steps = (np.arange(2 * self.size, dtype="float32") + 0.5) / (2 * self.size)
        points = start[..., None] + ops.maximum(end - start, 1.0)[..., None] * steps
        last = count[..., None] - 1
        points = ops.clip(points, 0.0, ops.cast(last, "float32"))
        before = ops.cast(ops.floor(points), "int32")
        share = points - ops.cast(before, "float32")
        return (before, 1 - share), (ops.minimum(before + 1, last), share)

    def compute_output_shape(self, boxes_shape, maps_shape):
        return (*boxes_shape[:2], self.size, self.size, maps_shape[0][-1])

    def compute_output_spec(self, boxes, maps):
        shape = self.compute_output_shape(boxes.shape, [one.shape for one in maps])
        return keras.KerasTensor(shape, dtype=maps[0].dtype)

    def get_config(self):
        return {**super().get_config(), "size": self.size, "strides": self.strides}
