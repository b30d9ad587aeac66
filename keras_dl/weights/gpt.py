"""What the tensors of GPT-1 and GPT-2 are called in the files of transformers, whose kernels lie as ours do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.weights.transformers_files import Part

if TYPE_CHECKING:
    from keras_dl.architectures.language.gpt import GPT
    from keras_dl.weights.published import Published

ROOT = "transformer."
UNUSED = r"transformer\.(h\.\d+\.attn\.(masked_)?bias|position_ids)"
"""masks and places"""
TIED = {"lm_head.weight": "transformer.wte.weight"}
OUTSIDE = {
    "after": {"embedding": "tokens_embed", "embedding_positions": "positions_embed"},
    "before": {"embedding": "wte", "embedding_positions": "wpe"},
}
"""by where tokens are normalised"""
IN_A_BLOCK = {
    "norm1": "ln_1",
    "queries_keys_values": "attn.c_attn",
    "mixed": "attn.c_proj",
    "norm2": "ln_2",
    "dense1": "mlp.c_fc",
    "dense2": "mlp.c_proj",
}
PUBLISHED: dict[str, dict[str, Published]] = {}


def parts(path: str, config: GPT) -> tuple[Part, ...]:
    """The one tensor of a variable."""
    layer, _, leaf = path.partition("/")
    leaf = "bias" if leaf in ("bias", "beta") else "weight"
    stage, _, name = layer.partition("_")
    if layer in OUTSIDE[config.normalization]:
        module = OUTSIDE[config.normalization][layer]
    elif name == "norm":
        module = "ln_f"
    else:
        module = f"h.{int(stage.removeprefix('stage')) - 1}.{IN_A_BLOCK[name]}"
    return (Part(f"{ROOT}{module}.{leaf}"),)


def own(config: GPT, shapes: dict[str, tuple[int, ...]]) -> GPT:
    """`config` for as many tokens as the file has vectors of places."""
    [positions] = parts("embedding_positions/positions", config)
    found = shapes.get(positions.name, ())
    return config.replace(length=found[0]) if found and found[0] else config
