"""Published weights of TinyNet: where they are and what their tensors are called."""

from keras_dl.weights.efficientnet import TIMM, torch_module
from keras_dl.weights.published import Published

__all__ = ["PUBLISHED", "torch_module"]

PUBLISHED = {
    f"tinynet_{size}": {"imagenet": Published(url=f"{TIMM}/tinynet_{size}.in1k/resolve/main/model.safetensors")}
    for size in "abcde"
}
