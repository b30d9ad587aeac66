"""Published weights of Vision Transformers: where they are and what their tensors are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keras_dl.weights.published import Published

if TYPE_CHECKING:
    import numpy as np

    from keras_dl.architectures.vision.vit import ViT

TIMM = {
    "stem_patches": "patch_embed.proj",
    "stem_tokens/class_token": "cls_token",
    "stem_tokens/positions": "pos_embed",
    "norm": "norm",
    "head": "head",
    "norm1": "norm1",
    "attention/query": "attn.q",
    "attention/key": "attn.k",
    "attention/value": "attn.v",
    "attention/attention_output": "attn.proj",
    "norm2": "norm2",
    "dense1": "mlp.fc1",
    "dense2": "mlp.fc2",
}
HUGGINGFACE = {
    "stem_patches": "vit.embeddings.patch_embeddings.projection",
    "stem_tokens/class_token": "vit.embeddings.cls_token",
    "stem_tokens/positions": "vit.embeddings.position_embeddings",
    "norm": "vit.layernorm",
    "head": "classifier",
    "norm1": "layernorm_before",
    "attention/query": "attention.attention.query",
    "attention/key": "attention.attention.key",
    "attention/value": "attention.attention.value",
    "attention/attention_output": "attention.output.dense",
    "norm2": "layernorm_after",
    "dense1": "intermediate.dense",
    "dense2": "output.dense",
}


def torch_module(path: str, config: ViT) -> str:
    """The module of timm, or its tensor where `path` is that of a variable with a name of its own."""
    return _name(path, TIMM, "blocks")


def huggingface_module(path: str, config: ViT) -> str:
    """The same in transformers' files."""
    return _name(path, HUGGINGFACE, "vit.encoder.layer")


def _name(path: str, names: dict[str, str], blocks: str) -> str:
    stage = re.fullmatch(r"stage(\d+)_(.*)", path)
    if stage is None or stage[2] == "norm":
        return names[stage[2] if stage else path]
    return f"{blocks}.{int(stage[1]) - 1}.{names[stage[2]]}"


def torch_tensors(tensors: dict[str, np.ndarray], config: ViT) -> dict[str, np.ndarray]:
    """`tensors` with timm's joint queries, keys and values taken apart."""
    parts = {}
    for name, tensor in tensors.items():
        if ".qkv." in name and tensor.ndim:
            size = len(tensor) // 3
            for index, part in enumerate("qkv"):
                parts[name.replace(".qkv.", f".{part}.")] = tensor[index * size : (index + 1) * size]
        else:
            parts[name] = tensor
    return parts


def _timm(name: str) -> dict[str, Published]:
    return {"imagenet": Published(url=f"https://huggingface.co/timm/{name}/resolve/main/model.safetensors")}


PUBLISHED = {
    "vit_ti16": _timm("vit_tiny_patch16_224.augreg_in21k_ft_in1k"),
    "vit_s16": _timm("vit_small_patch16_224.augreg_in21k_ft_in1k"),
    "vit_b16": _timm("vit_base_patch16_224.augreg_in21k_ft_in1k"),
    "vit_b32": _timm("vit_base_patch32_224.augreg_in21k_ft_in1k"),
    "vit_l16": _timm("vit_large_patch16_224.augreg_in21k_ft_in1k"),
}
