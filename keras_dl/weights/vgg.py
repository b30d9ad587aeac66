"""Published weights of VGG: where they are and what their tensors are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keras_dl.architectures.vision import CAFFE, TORCH
from keras_dl.architectures.vision.vgg import VGG
from keras_dl.weights.published import Published

if TYPE_CHECKING:
    import numpy as np

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
TIMM = "https://huggingface.co/timm"
PUBLISHED = {
    **{
        name: {"imagenet": Published(url=f"{KERAS}/{name}/{name}_weights_tf_dim_ordering_tf_kernels.h5", md5=md5)}
        for name, md5 in (
            ("vgg16", "64373286793e3c8b2b4e3219cbf3544b"),
            ("vgg19", "cbe5617147190e668d6c5d5026f83318"),
        )
    },
    **{
        name: {"imagenet": Published(url=f"{TIMM}/{name}.tv_in1k/resolve/main/model.safetensors")}
        for name in ("vgg11", "vgg13", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn")
    },
}
PIXELS = {".h5": CAFFE, ".safetensors": TORCH}
KERAS_NAMES = {"stage6_dense": "fc1", "stage7_dense": "fc2", "head": "predictions"}
TORCH_NAMES = {"stage6_dense": "classifier.0", "stage7_dense": "classifier.3", "head": "classifier.6"}
TIMM_NAMES = {"pre_logits.fc1": "classifier.0", "pre_logits.fc2": "classifier.3", "head.fc": "classifier.6"}


def keras_layer(name: str, config: VGG) -> str:
    return KERAS_NAMES.get(name) or name.replace("stage", "block")


def torch_module(path: str, config: VGG) -> str:
    """The name in torchvision, where convolutions, normalisations, rectifications and poolings are numbered through."""
    if path in TORCH_NAMES:
        return TORCH_NAMES[path]
    stage, kind, number = re.fullmatch(r"stage(\d)_(conv|norm)(\d)", path).groups()
    before = sum(config.convolutions[: int(stage) - 1]) + int(number) - 1
    index = before * (3 if config.normalized else 2) + int(stage) - 1
    return f"features.{index + (kind == 'norm')}"


def torch_tensors(found: dict[str, np.ndarray], config: VGG) -> dict[str, np.ndarray]:
    """The tensors as torchvision has them; timm's dense layers are convolutions of other names."""
    tensors = {}
    for name, tensor in found.items():
        module, _, leaf = name.rpartition(".")
        if module in TIMM_NAMES and leaf == "weight" and tensor.size:
            tensor = tensor.reshape((*tensor.shape[:1], -1))
        tensors[f"{TIMM_NAMES.get(module, module)}.{leaf}"] = tensor
    return tensors
