"""The weights of AlexNet: torchvision has those of alexnet_owt, whose tensors are called so in its networks.

It publishes them as a pickle, which is never opened here; whoever saves its tensors in safetensors can load them.
"""

from __future__ import annotations

from keras_dl.config import Config

PUBLISHED = {}
TORCH_NAMES = {
    "stage1_conv": "features.0",
    "stage2_conv": "features.3",
    "stage3_conv": "features.6",
    "stage4_conv": "features.8",
    "stage5_conv": "features.10",
    "stage6_dense": "classifier.1",
    "stage7_dense": "classifier.4",
    "head": "classifier.6",
}


def torch_module(path: str, config: Config) -> str:
    return TORCH_NAMES[path]
