"""Published weights of NASNet: where they are and what their tensors are called."""

from __future__ import annotations

import re

from keras_dl.architectures.vision.nasnet import NASNet
from keras_dl.weights.published import Published

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/nasnet"
PUBLISHED = {
    "nasnet_mobile": {
        "imagenet": Published(url=f"{KERAS}/NASNet-mobile.h5", md5="020fb642bf7360b370c678b08e0adf61"),
    },
    "nasnet_large": {
        "imagenet": Published(url=f"{KERAS}/NASNet-large.h5", md5="11577c9a518f0070763c2b964a382f17"),
    },
}
KERAS_NAMES = {"stem_conv": "stem_conv1", "stem_norm": "stem_bn1", "head": "predictions"}
KERAS_KINDS = {"conv": "conv", "norm": "bn"}


def keras_layer(name: str, config: NASNet) -> str:
    if name in KERAS_NAMES:
        return KERAS_NAMES[name]
    stage, cell, place, kind, number = re.fullmatch(
        r"stage(\d)_(cell\d+|reduction)(?:_(adjust|left\d|right\d))?_(conv|norm)(\d?)", name
    ).groups()
    kind = KERAS_KINDS[kind]
    row = int(stage) - (2 if config.stem == "reductions" else 1)
    if cell == "reduction":
        block = f"reduce_{row * config.cells}" if row > 0 else f"stem_{row + 2}"
    else:
        cell, index = "normal", int(cell.removeprefix("cell")) - 1
        block = str(row * config.cells + index + (row > 0))  # the reduction cells between two rows share one number
    if place is None:
        return f"{cell}_{kind}_1_{block}"
    if place == "adjust":
        return f"adjust_bn_{block}" if kind == "bn" else f"adjust_conv_{number or 'projection'}_{block}"
    if cell == "reduction":
        place = place.replace("left5", "left4")
    return f"separable_conv_{number}{'_bn' if kind == 'bn' else ''}_{cell}_{place}_{block}"
