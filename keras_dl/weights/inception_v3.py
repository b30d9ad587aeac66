"""Published weights of Inception v3: where they are and what their tensors are called."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from keras_dl.architectures.vision.inception_v3 import STAGE1, STEM, Convolution, InceptionV3, plan
from keras_dl.weights.published import Published

if TYPE_CHECKING:
    import numpy as np

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/inception_v3"
PUBLISHED = {
    "inception_v3": {
        "imagenet": Published(
            url=f"{KERAS}/inception_v3_weights_tf_dim_ordering_tf_kernels.h5", md5="9a0d58056eeedaa3f26cb7ebd46da564"
        )
    }
}
TORCH_NAMES = {
    "stem1": "Conv2d_1a_3x3",
    "stem2": "Conv2d_2a_3x3",
    "stem3": "Conv2d_2b_3x3",
    "stage11": "Conv2d_3b_1x1",
    "stage12": "Conv2d_4a_3x3",
}
TORCH_BRANCHES = {
    "stage2": ("1x1", "5x5", "3x3dbl", "_pool"),
    "to stage3": ("3x3", "3x3dbl"),
    "stage3": ("1x1", "7x7", "7x7dbl", "_pool"),
    "to stage4": ("3x3", "7x7x3"),
    "stage4": ("1x1", "3x3", "3x3dbl", "_pool"),
}


def keras_layer(name: str, config: InceptionV3) -> str:
    if name == "head":
        return "predictions"
    kind = "conv2d" if "_conv" in name else "batch_normalization"
    return f"{kind}:{_convolutions(config).index(name.replace('_norm', '_conv'))}"


def torch_module(path: str, config: InceptionV3) -> str:
    if path == "head":
        return "fc"
    place, kind, number = re.fullmatch(r"(.+)_(conv|norm)(\d[ab]?)", path).groups()
    kind = {"conv": "conv", "norm": "bn"}[kind]
    if place in ("stem", "stage1"):
        return f"{TORCH_NAMES[place + number]}.{kind}"
    stage, block, branch = (int(part) for part in re.findall(r"\d+", place))
    module = f"Mixed_{stage + 3}{'abcdefghijk'[block - (stage != 2)]}"
    names = TORCH_BRANCHES[f"to stage{stage}" if stage != 2 and block == 1 else f"stage{stage}"]
    alone = f"{place}_conv2" not in _convolutions(config) and f"{place}_conv2a" not in _convolutions(config)
    return f"{module}.branch{names[branch - 1]}{'' if alone else '_' + number}.{kind}"


def torch_tensors(found: dict[str, np.ndarray], config: InceptionV3) -> dict[str, np.ndarray]:
    """The tensors without the auxiliary classifier, and with the gains of normalisations merged into the kernels.

    A gain that belongs to no kernel stays, and is left over.
    """
    tensors = {name: tensor for name, tensor in found.items() if not name.startswith("AuxLogits.")}
    for name in [name for name in tensors if name.endswith(".bn.weight")]:
        kernel, mean = name.replace(".bn.weight", ".conv.weight"), name.replace(".weight", ".running_mean")
        if (
            kernel in tensors
            and mean in tensors
            and tensors[name].shape == tensors[mean].shape == tensors[kernel].shape[:1]
        ):
            gain = tensors.pop(name)
            tensors[kernel] = (tensors[kernel].T * gain).T
            tensors[mean] = tensors[mean] * gain
    return tensors


@cache
def _convolutions(config: InceptionV3) -> list[str]:
    """The names of all convolutions, in the order of keras.applications' numbers."""
    names = [*_of_branch("stem", STEM), *_of_branch("stage1", STAGE1)]
    for module, branches in plan(config).items():
        for index, steps in enumerate(branches, start=1):
            names += _of_branch(f"{module}_branch{index}", steps)
    return names


def _of_branch(name: str, steps: tuple) -> list[str]:
    names = []
    steps = [step for step in steps if not isinstance(step, str)]
    for number, step in enumerate(steps, start=1):
        sides = [""] if isinstance(step, Convolution) else ["a", "b"]
        names += [f"{name}_conv{number}{side}" for side in sides]
    return names
