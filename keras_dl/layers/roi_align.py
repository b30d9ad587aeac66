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
        tall, wide, start = (ops.take(ops.array(numbers), level) for numbers in (rows, columns, starts))
        edges = boxes * ops.take(ops.array([1 / stride for stride in self.strides], "float32"), level)[..., None]
        across, x = self._neighbours(edges[..., 0], edges[..., 2], wide)
        down, y = self._neighbours(edges[..., 1], edges[..., 3], tall)
        flat = ops.concatenate([ops.reshape(one, (-1, one.shape[1] * one.shape[2], one.shape[3])) for one in maps], 1)
        picture = ops.arange(ops.shape(flat)[0], dtype="int32")[:, None] * int(starts[-1])
        row = (picture + start)[..., None, None] + down * wide[..., None, None]
        places = row[..., :, None, :, None] + across[..., None, :, None, :]
        shares = y[..., :, None, :, None] * x[..., None, :, None, :]
        channels = flat.shape[-1]
        values = ops.take(ops.reshape(flat, (-1, channels)), ops.reshape(places, (-1, 16)), axis=0)
        bins = ops.matmul(ops.cast(ops.reshape(shares, (-1, 1, 16)), flat.dtype), values)
        return ops.reshape(bins, (-1, _length(boxes, 1), self.size, self.size, channels))

    def _levels(self, boxes):
        """The map for each box, (batch, n) int32."""
        side = ops.sqrt(ops.maximum((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]), 1e-6))
        level = ops.floor(LEVEL + ops.log2(side / SIDE) + 1e-6) - math.log2(self.strides[0])
        return ops.cast(ops.clip(level, 0, len(self.strides) - 1), "int32")

    def _neighbours(self, start, end, count):
        """The four positions along an axis whose mean is a bin, and their shares: (batch, n, size, 4) int32, float32.

        They stand before and after its two points. `start`, `end` and the `count` of positions are (batch, n).
        """
        steps = (np.arange(2 * self.size, dtype="float32") + 0.5) / (2 * self.size)
        points = start[..., None] + ops.maximum(end - start, 1.0)[..., None] * steps
        last = count[..., None] - 1
        points = ops.clip(points, 0.0, ops.cast(last, "float32"))
        before = ops.cast(ops.floor(points), "int32")
        share = points - ops.cast(before, "float32")
        shape = (-1, _length(start, 1), self.size, 4)
        places = ops.stack([before, ops.minimum(before + 1, last)], axis=-1)
        return ops.reshape(places, shape), ops.reshape(ops.stack([1 - share, share], axis=-1) / 2, shape)

    def compute_output_shape(self, boxes_shape, maps_shape):
        return (*boxes_shape[:2], self.size, self.size, maps_shape[0][-1])

    def compute_output_spec(self, boxes, maps):
        shape = self.compute_output_shape(boxes.shape, [one.shape for one in maps])
        return keras.KerasTensor(shape, dtype=maps[0].dtype)

    def get_config(self):
        return {**super().get_config(), "size": self.size, "strides": self.strides}


def _length(tensor, axis: int):
    """The length of an axis, a number if it is known."""
    return ops.shape(tensor)[axis] if tensor.shape[axis] is None else tensor.shape[axis]
