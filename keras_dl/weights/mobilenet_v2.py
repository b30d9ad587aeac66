"""Published weights of MobileNetV2: where they are and what their tensors are called."""

from __future__ import annotations

from keras_dl.architectures.vision.mobilenet_v2 import MobileNetV2
from keras_dl.weights.efficientnet import block_and_part, torch_module
from keras_dl.weights.published import Published

__all__ = ["PUBLISHED", "keras_layer", "torch_module"]

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2"
PUBLISHED = {
    "mobilenet_v2": {"imagenet": Published(url=f"{KERAS}/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5")}
}
KERAS_NAMES = {
    "stem_conv": "Conv1",
    "stem_norm": "bn_Conv1",
    "stage6_conv": "Conv_1",
    "stage6_norm": "Conv_1_bn",
    "head": "predictions",
}


def keras_layer(name: str, config: MobileNetV2) -> str:
    if name in KERAS_NAMES:
        return KERAS_NAMES[name]
    block, part = block_and_part(name, config)
    part, kind = part.split("_")
    number = config.plan().index(block)
    prefix = f"block_{number}" if number else "expanded_conv"
    return f"{prefix}_{part}{'_BN' if kind == 'norm' else ''}"
