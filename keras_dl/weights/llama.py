"""What the tensors of LLaMA are called in the files of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.weights.transformers_files import Part

if TYPE_CHECKING:
    from keras_dl.architectures.language.llama import LLaMA
    from keras_dl.weights.published import Published

ROOT = "model."
UNUSED = r"model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq"
OUTSIDE = {"embedding": "model.embed_tokens", "head": "lm_head"}
IN_A_BLOCK = {
    "norm1": ["input_layernorm"],
    "queries_keys_values": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    "mixed": ["self_attn.o_proj"],
    "norm2": ["post_attention_layernorm"],
    "gates": ["mlp.gate_proj"],
    "dense1": ["mlp.up_proj"],
    "dense2": ["mlp.down_proj"],
}
PUBLISHED: dict[str, dict[str, Published]] = {}


def parts(path: str, config: LLaMA) -> tuple[Part, ...]:
    """The tensors of a variable; of queries, keys and values three."""
    layer, _, leaf = path.partition("/")
    stage, _, name = layer.partition("_")
    if layer in OUTSIDE:
        modules = [OUTSIDE[layer]]
    elif name == "norm":
        modules = ["model.norm"]
    else:
        block = f"model.layers.{int(stage.removeprefix('stage')) - 1}"
        modules = [f"{block}.{module}" for module in IN_A_BLOCK[name]]
    return tuple(Part(f"{module}.weight", turned=leaf == "kernel") for module in modules)
