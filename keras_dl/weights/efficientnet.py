"""Published weights of EfficientNet: where they are and what their tensors are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.architectures.vision.efficientnet import EfficientNet
from keras_dl.architectures.vision.inverted_residuals import Block, InvertedResiduals
from keras_dl.weights.published import Published

if TYPE_CHECKING:
    import numpy as np

KERAS = "https://storage.googleapis.com/keras-applications"
TIMM = "https://huggingface.co/timm"
MD5 = {
    "b0": "902e53a9f72be733fc0bcb005b3ebbac",
    "b1": "1d254153d4ab51201f1646940f018540",
    "b2": "b15cce36ff4dcbd00b6dd88e7857a6ad",
    "b3": "ffd1fdc53d0ce67064dc6a9c7960ede0",
    "b4": "18c95ad55216b8f92d7e70b3a046e2fc",
    "b5": "ace28f2a6363774853a83a0b21b9421a",
    "b6": "165f6e37dce68623721b423839de8be5",
    "b7": "8c03f828fec3ef71311cd463b6759d99",
}
PUBLISHED = {
    f"efficientnet_{size}": {
        "imagenet": Published(url=f"{KERAS}/efficientnet{size}.h5", md5=md5),
        "noisy_student": Published(url=f"{TIMM}/tf_efficientnet_{size}.ns_jft_in1k/resolve/main/model.safetensors"),
    }
    for size, md5 in MD5.items()
}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

KERAS_NAMES = {
    "stem_normalization": "normalization",
    "stem_conv": "stem_conv",
    "stem_norm": "stem_bn",
    "stage6_conv": "top_conv",
    "stage6_norm": "top_bn",
    "head": "predictions",
}
KERAS_PARTS = {
    "expand_conv": "expand_conv",
    "expand_norm": "expand_bn",
    "depthwise_conv": "dwconv",
    "depthwise_norm": "bn",
    "squeeze_reduce": "se_reduce",
    "squeeze_expand": "se_expand",
    "project_conv": "project_conv",
    "project_norm": "project_bn",
}
TORCH_NAMES = {
    "stem_conv": "conv_stem",
    "stem_norm": "bn1",
    "stage6_conv": "conv_head",
    "stage6_norm": "bn2",
    "head": "classifier",
}
TORCH_PARTS = {
    "expand_conv": "conv_pw",
    "expand_norm": "bn1",
    "depthwise_conv": "conv_dw",
    "depthwise_norm": "bn2",
    "squeeze_reduce": "se.conv_reduce",
    "squeeze_expand": "se.conv_expand",
    "project_conv": "conv_pwl",
    "project_norm": "bn3",
}
TORCH_PARTS_WITHOUT_EXPANSION = TORCH_PARTS | {
    "depthwise_norm": "bn1",
    "project_conv": "conv_pw",
    "project_norm": "bn2",
}


def keras_layer(name: str, config: EfficientNet) -> str:
    if name in KERAS_NAMES:
        return KERAS_NAMES[name]
    block, part = block_and_part(name, config)
    return f"block{block.row + 1}{chr(ord('a') + block.place)}_{KERAS_PARTS[part]}"


def torch_module(path: str, config: InvertedResiduals) -> str:
    if path in TORCH_NAMES:
        return TORCH_NAMES[path]
    if path.startswith("stem_normalization"):
        return path
    block, part = block_and_part(path, config)
    parts = TORCH_PARTS if block.expansion > 1 else TORCH_PARTS_WITHOUT_EXPANSION
    return f"blocks.{block.row}.{block.place}.{parts[part]}"


def block_and_part(name: str, config: InvertedResiduals) -> tuple[Block, str]:
    """The block that a layer belongs to, and its name there."""
    stage, number, part = name.split("_", 2)
    blocks = {block.name: block for block in config.plan()}
    return blocks[f"{stage}_{number}"], part


def keras_tensors(found: dict[str, list[np.ndarray]], config: EfficientNet) -> dict[str, list[np.ndarray]]:
    """The arrays of each layer of a file, with the variance of the pixels as our network takes it.

    The published files hold the standard deviation in its place, and keras.applications divides once more by its root.
    """
    import numpy as np

    found = {("normalization" if name.startswith("normalization") else name): arrays for name, arrays in found.items()}
    match found.get("normalization"):
        case [mean, variance, count] if variance.shape == (3,) and np.allclose(variance, DEVIATION, atol=1e-5):
            found["normalization"] = [mean, variance**2, count]
    return found


def torch_tensors(found: dict[str, np.ndarray], config: EfficientNet) -> dict[str, np.ndarray]:
    """The tensors of a file and the pixels' mean and variance, which PyTorch's networks leave to the user."""
    import numpy as np

    return found | {
        "stem_normalization/mean": np.array(MEAN, "float32"),
        "stem_normalization/variance": np.square(np.array(DEVIATION, "float32")),
        "stem_normalization/count": np.array(0, "int32"),
    }
