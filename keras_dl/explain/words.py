"""Which tokens of a text made a network say what it said.

Gradients: Li, Chen, Hovy & Jurafsky, "Visualizing and Understanding Neural Models in NLP", NAACL 2016, section 5;
occlusion: Li, Monroe & Jurafsky, "Understanding Neural Networks through Representation Erasure", 2016; attention over
all blocks: Abnar & Zuidema, "Quantifying Attention Flow in Transformers", ACL 2020, section 3, and what it does not
say: Jain & Wallace, "Attention is not Explanation", NAACL 2019.

The methods take a network that reads tokens, `inputs` as it takes them, and `asked`: where in its output for each text
the logit is that is explained, whole numbers (batch, axes). For a classifier that is the class; for a network that
tells the next token, the place and the token; with several outputs it is a dict by their names, such as the places of
`start` and `end`, whose logits are added. Maps are float32 (batch, length), 0 at pads: where a `padding_mask` among the
inputs, which the network need not take, says so, without one at tokens of the id 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from keras_dl.errors import UsageError, choose
from keras_dl.lazy import keras, layers, tf
from keras_dl.surgery import check_model

TOKENS, MASK = "token_ids", "padding_mask"
BATCH = 32
"""texts that a network reads at once"""
Asked = np.ndarray | Mapping[str, np.ndarray]
Method = Literal["gradient", "gradient x input", "attention", "occlusion"]


def word_map(method: Method, model: keras.Model, inputs: Any, asked: Asked, places: np.ndarray) -> np.ndarray:
    """The map by one of the methods below; `places` are for attention alone. Raises `UsageError` as they do."""
    match choose("method", method, get_args(Method)):
        case "gradient":
            return word_gradient(model, inputs, asked)
        case "gradient x input":
            return word_gradient_x_input(model, inputs, asked)
        case "attention":
            return word_attention(model, inputs, places)
        case "occlusion":
            return word_occlusion(model, inputs, asked)


def word_gradient(model: keras.Model, inputs: Any, asked: Asked) -> np.ndarray:
    """How much the logit changes with the vector of each token: the length of the gradient by it, at least 0.

    Raises `UsageError` for a network that has no vectors of tokens, and for what is asked of places that there are not.
    """
    slope, _ = _gradient(model, inputs, asked)
    return np.linalg.norm(slope, axis=-1) * present(inputs)


def word_gradient_x_input(model: keras.Model, inputs: Any, asked: Asked) -> np.ndarray:
    """The gradient by the vector of each token, times the vector: the parts of the logit in a network that adds them.

    Errors as for `word_gradient`.
    """
    slope, vectors = _gradient(model, inputs, asked)
    return (slope * vectors).sum(axis=-1) * present(inputs)


def word_occlusion(model: keras.Model, inputs: Any, asked: Asked) -> np.ndarray:
    """By how much the logit is lower where a pad stands in the place of each token, which networks with masks skip.

    Raises `UsageError` for what is asked of places that there are not.
    """
    rows, places = np.nonzero(present(inputs))
    each = np.arange(len(rows))
    changed = {name: values[rows] for name, values in _by_name(inputs).items()}
    changed[TOKENS][each, places] = 0
    if MASK in changed:
        changed[MASK][each, places] = False
    before, outputs = logit(_predicted(model, inputs), asked), _predicted(model, changed)
    found = np.zeros(present(inputs).shape, "float32")
    found[rows, places] = before[rows] - logit(outputs, keras.tree.map_structure(lambda where: where[rows], asked))
    return found


def word_attention(model: keras.Model, inputs: Any, places: np.ndarray) -> np.ndarray:
    """How much the token at each of `places` (batch,) has of every other after all blocks, by their attention alone.

    Each block passes on half of what a token is and half of what it attends to; the parts of all tokens add up to 1.
    Raises `UsageError` for a network without attention to its own tokens.
    """
    maps = attention_maps(model)
    if not maps:
        raise UsageError(f"{model.name} has no attention to its own tokens; use another method")
    shares = keras.tree.flatten(_predicted(keras.Model(model.input, maps), inputs))
    mixed = np.broadcast_to(np.eye(shares[0].shape[-1], dtype="float32"), shares[0].shape)
    for share in shares:
        mixed = (share @ mixed + mixed) / 2
    return mixed[np.arange(len(mixed)), places]


def attention_maps(model: keras.Model) -> list[keras.KerasTensor]:
    """The attention in each block of `model`, mean over the heads: symbolic (batch, length, length), from the input."""
    check_model(model)
    found = []
    for layer in model.layers:
        if isinstance(layer, layers.CausalAttention):
            found.append(layer.attention(layer.input))
        elif isinstance(layer, layers.MaskedAttention) and layer.output[1].shape[1] == layer.output[1].shape[2]:
            found.append(layer.output[1])
    return found


def logit(outputs: Any, asked: Asked) -> Any:
    """The logits of `outputs` at `asked`, (batch,), those of several outputs added. Raises `UsageError`."""
    if isinstance(asked, Mapping) != isinstance(outputs, Mapping):
        raise UsageError(f"asked is by output where there are several, else an array; got {type(asked).__name__}")
    if isinstance(asked, Mapping):
        return sum(logit(outputs[name], where) for name, where in asked.items())
    where = np.asarray(asked)
    shape = tuple(outputs.shape)
    if where.shape != (shape[0], len(shape) - 1) or where.dtype.kind not in "iu":
        raise UsageError(f"asked must be whole numbers ({shape[0]}, {len(shape) - 1}), got {where.dtype} {where.shape}")
    if np.any((where < 0) | (where >= shape[1:])):
        raise UsageError(f"asked must lie in an output {shape[1:]}, got {where.tolist()}")
    if isinstance(outputs, np.ndarray):
        return outputs[(np.arange(len(where)), *where.T)]
    return tf.gather_nd(outputs, where, batch_dims=1)


def present(inputs: Any) -> np.ndarray:
    """Where there is a token, (batch, length) bool."""
    named = _by_name(inputs)
    return np.asarray(named[MASK] if MASK in named else named[TOKENS] != 0)


def _gradient(model: keras.Model, inputs: Any, asked: Asked) -> tuple[np.ndarray, np.ndarray]:
    """The gradient of the logit by the vectors of the tokens, and these, (batch, length, width) each."""
    vectors, table = _vectors(model)
    both = keras.Model(model.input, {"vectors": vectors, "told": model.output})
    with tf.GradientTape() as tape:
        tape.watch(table)
        found = both(_taken(model, inputs), training=False)
        total = tf.reduce_sum(logit(found["told"], asked))
    return tape.gradient(total, found["vectors"]).numpy(), found["vectors"].numpy()


def _vectors(model: keras.Model) -> tuple[keras.KerasTensor, tf.Variable]:
    """The vectors that the embedding of `model` makes of its tokens, symbolic, and its table."""
    check_model(model)
    entrance = next((tensor for tensor in model.inputs if tensor.name == TOKENS), None)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Embedding):
            for node in layer._inbound_nodes:
                if node.input_tensors[0] is entrance:
                    return node.output_tensors[0], layer.embeddings.value
    raise UsageError(f"{model.name} has no embedding of {TOKENS}; heat maps of words are for networks that read tokens")


def _by_name(inputs: Any) -> dict[str, np.ndarray]:
    named = inputs if isinstance(inputs, Mapping) else {TOKENS: inputs}
    return {name: np.asarray(values) for name, values in named.items()}


def _taken(model: keras.Model, inputs: Any) -> Any:
    """Of `inputs` what `model` takes, in its form."""
    named = _by_name(inputs)
    return {name: named[name] for name in model.input} if isinstance(model.input, Mapping) else named[TOKENS]


def _predicted(model: keras.Model, inputs: Any) -> Any:
    return model.predict(_taken(model, inputs), batch_size=BATCH, verbose=0)
