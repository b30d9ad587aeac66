"""What the tensors of BERT are called in the files of transformers, and which head a file has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.weights.transformers_files import Part

if TYPE_CHECKING:
    from keras_dl.architectures.language.bert import BERT
    from keras_dl.weights.published import Published

ROOT = "bert."
UNUSED = r"bert\.embeddings\.(position_ids|token_type_ids)"
TIED = {
    "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
    "cls.predictions.decoder.bias": "cls.predictions.bias",
}
OUTSIDE = {
    "embedding": "bert.embeddings.word_embeddings",
    "embedding_positions": "bert.embeddings.position_embeddings",
    "embedding_segments": "bert.embeddings.token_type_embeddings",
    "embedding_norm": "bert.embeddings.LayerNorm",
    "pooler": "bert.pooler.dense",
    "head": "classifier",
    "head_dense": "cls.predictions.transform.dense",
    "head_norm": "cls.predictions.transform.LayerNorm",
    "head_bias": "cls.predictions",
    "head_next": "cls.seq_relationship",
}
ENDS = {"head_start": (0, 1), "head_end": (1, 2)}
"""rows of the tensor that tells both ends of an answer"""
IN_A_BLOCK = {
    "queries": ["attention.self.query"],
    "keys_values": ["attention.self.key", "attention.self.value"],
    "mixed": ["attention.output.dense"],
    "norm1": ["attention.output.LayerNorm"],
    "dense1": ["intermediate.dense"],
    "dense2": ["output.dense"],
    "norm2": ["output.LayerNorm"],
}
PUBLISHED: dict[str, dict[str, Published]] = {}


def parts(path: str, config: BERT) -> tuple[Part, ...]:
    """The tensors of a variable; of keys and values two."""
    layer, _, leaf = path.partition("/")
    kind, turned = "bias" if leaf in ("bias", "beta") else "weight", leaf == "kernel"
    if layer in ENDS:
        return (Part(f"qa_outputs.{kind}", ENDS[layer], turned),)
    if layer in OUTSIDE:
        modules = [OUTSIDE[layer]]
    else:
        stage, _, name = layer.partition("_")
        block = f"bert.encoder.layer.{int(stage.removeprefix('stage')) - 1}"
        modules = [f"{block}.{module}" for module in IN_A_BLOCK[name]]
    return tuple(Part(f"{module}.{kind}", turned=turned) for module in modules)


def own(config: BERT, shapes: dict[str, tuple[int, ...]]) -> BERT:
    """`config` with the head, classes and most tokens of the file."""
    classes = shapes.get("classifier.bias", ())
    if "qa_outputs.weight" in shapes:
        head = {"head": "span", "classes": None}
    elif "cls.predictions.bias" in shapes:
        head = {"head": "words_and_next" if "cls.seq_relationship.bias" in shapes else "words", "classes": None}
    else:
        pools = "bert.pooler.dense.weight" in shapes or not classes
        head = {"head": "text" if pools else "tokens", "classes": classes[0] if classes and classes[0] else None}
    length = shapes.get("bert.embeddings.position_embeddings.weight", ())
    return config.replace(**head, **({"length": length[0]} if length and length[0] else {}))
