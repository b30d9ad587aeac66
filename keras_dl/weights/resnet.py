"""Published weights of the ImageNet ResNets: where they are and what their tensors are called."""

from __future__ import annotations

import re

from keras_dl.architectures.vision import CAFFE, TORCH
from keras_dl.config import Config
from keras_dl.weights.published import Published

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/resnet"
TIMM = "https://huggingface.co/timm"
PUBLISHED = {
    "resnet18": {"imagenet": Published(url=f"{TIMM}/resnet18.tv_in1k/resolve/main/model.safetensors")},
    "resnet34": {"imagenet": Published(url=f"{TIMM}/resnet34.tv_in1k/resolve/main/model.safetensors")},
    **{
        name: {"imagenet": Published(url=f"{KERAS}/{name}_weights_tf_dim_ordering_tf_kernels.h5", md5=md5)}
        for name, md5 in (
            ("resnet50", "2cb95161c43110f7111970584f804107"),
            ("resnet101", "f1aeb4b969a6efcfb50fad2f0c20cfc5"),
            ("resnet152", "100835be76be38e30d865e96f2aaae62"),
        )
    },
}
PIXELS = {".h5": CAFFE, ".safetensors": TORCH}


def keras_layer(name: str, config: Config) -> str:
    if name == "head":
        return "predictions"
    place, kind, number = _parts(name)
    kind = {"conv": "conv", "norm": "bn"}[kind]
    if place is None:
        return f"conv1_{kind}"
    stage, block = place
    return f"conv{stage + 1}_block{block}_{number}_{kind}"


def torch_module(path: str, config: Config) -> str:
    if path == "head":
        return "fc"
    place, kind, number = _parts(path)
    if place is None:
        return {"conv": "conv1", "norm": "bn1"}[kind]
    stage, block = place
    shortcut = {"conv": "downsample.0", "norm": "downsample.1"}
    module = f"{'conv' if kind == 'conv' else 'bn'}{number}" if number else shortcut[kind]
    return f"layer{stage}.{block - 1}.{module}"


def _parts(name: str) -> tuple[tuple[int, int] | None, str, int]:
    """Stage and block, None for the stem; "conv" or "norm"; its number in the block, 0 on the shortcut."""
    stage, block, kind, number = re.fullmatch(
        r"(?:stem|stage(\d)_block(\d+)(?:_shortcut)?)_(conv|norm)(\d*)", name
    ).groups()
    return (int(stage), int(block)) if stage else None, kind, int(number or 0)
