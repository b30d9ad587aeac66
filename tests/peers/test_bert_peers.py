"""BERT against transformers' BertModel and BertForPreTraining: equal outputs, gradients of a step."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from peers import randomise, relative_error

import keras_dl

SIZES = {"blocks": 3, "heads": 4, "head_width": 8, "length": 12, "vocabulary_size": 50, "dropout": 0.0}
GENERATOR = np.random.default_rng(0)
X = {
    "token_ids": GENERATOR.integers(1, 50, (4, 12)).astype("int32"),
    "padding_mask": np.arange(12) < np.array([12, 9, 5, 1])[:, None],
    "segment_ids": GENERATOR.integers(0, 2, (4, 12)).astype("int32"),
}
OUTSIDE = {
    "embedding": "bert.embeddings.word_embeddings",
    "embedding_positions": "bert.embeddings.position_embeddings",
    "embedding_segments": "bert.embeddings.token_type_embeddings",
    "embedding_norm": "bert.embeddings.LayerNorm",
    "pooler": "bert.pooler.dense",
    "head_dense": "cls.predictions.transform.dense",
    "head_norm": "cls.predictions.transform.LayerNorm",
    "head_bias": "cls.predictions",
    "head_next": "cls.seq_relationship",
}
IN_A_BLOCK = {
    "queries": ["attention.self.query"],
    "keys_values": ["attention.self.key", "attention.self.value"],
    "mixed": ["attention.output.dense"],
    "norm1": ["attention.output.LayerNorm"],
    "dense1": ["intermediate.dense"],
    "dense2": ["output.dense"],
    "norm2": ["output.LayerNorm"],
}
PARAMETERS = {"gamma": "weight", "kernel": "weight", "embeddings": "weight", "positions": "weight"}


def their_names(path):
    """What transformers calls the variable of ours with this path: one, or two whose values stand side by side."""
    layer, _, parameter = path.partition("/")
    parameter = PARAMETERS.get(parameter, "bias")
    if layer in OUTSIDE:
        return [f"{OUTSIDE[layer]}.{parameter}"]
    stage, _, part = layer.partition("_")
    block = f"bert.encoder.layer.{int(stage.removeprefix('stage')) - 1}"
    return [f"{block}.{name}.{parameter}" for name in IN_A_BLOCK[part]]


def parts_of(values, path):
    """`values` of our variable with this path, laid out as theirs, one for each of `their_names`."""
    parts = np.split(values, len(their_names(path)), axis=-1)
    return [part.T if path.endswith("kernel") else part for part in parts]


@pytest.fixture(scope="module")
def both(torchvision):
    """Our network and theirs with the same weights, for words and the next sentence."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    ours = randomise(keras_dl.get_config("bert_base", head="words_and_next", **SIZES).build())
    sizes = {"num_hidden_layers": 3, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 128}
    sizes |= {"max_position_embeddings": 12, "vocab_size": 50}
    sizes |= dict.fromkeys(("hidden_dropout_prob", "attention_probs_dropout_prob"), 0.0)
    theirs = transformers.BertForPreTraining(transformers.BertConfig(**sizes)).eval()
    named = dict(theirs.named_parameters())
    for variable in ours.weights:
        values = parts_of(variable.numpy(), variable.path)
        for name, value in zip(their_names(variable.path), values, strict=True):
            named.pop(name).data.copy_(torch.from_numpy(np.ascontiguousarray(value)))
    assert not named
    return ours, theirs


def torch_inputs():
    import torch

    names = {"token_ids": "input_ids", "padding_mask": "attention_mask", "segment_ids": "token_type_ids"}
    return {theirs: torch.from_numpy(X[ours].astype("int64")) for ours, theirs in names.items()}


def test_outputs_are_equal(both):
    import torch

    ours, theirs = both
    with torch.no_grad():
        features, expected = theirs.bert(**torch_inputs()), theirs(**torch_inputs())
    there, found = X["padding_mask"], ours(X)
    assert relative_error(found["words"].numpy()[there], expected.prediction_logits.numpy()[there]) < 1e-5
    assert relative_error(found["next"], expected.seq_relationship_logits.numpy()) < 1e-5
    bare = keras_dl.get_config("bert_base", **SIZES).build()
    values = {variable.path: variable.numpy() for variable in ours.weights}
    for variable in bare.weights:
        variable.assign(values[variable.path])
    outputs = bare(X)
    assert relative_error(outputs["tokens"].numpy()[there], features.last_hidden_state.numpy()[there]) < 1e-5
    assert relative_error(outputs["pooled"], features.pooler_output.numpy()) < 1e-5


def test_gradients_of_a_step_are_equal(both):
    import torch

    ours, theirs = both
    theirs.zero_grad()
    told = X["padding_mask"] & (X["token_ids"] % 3 == 0)
    labels, follows = np.where(told, X["token_ids"], -100), np.array([0, 1, 1, 0])
    answers = {"labels": torch.from_numpy(labels).long(), "next_sentence_label": torch.from_numpy(follows)}
    loss = theirs(**torch_inputs(), **answers).loss
    loss.backward()
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        outputs = ours(X)
        ours_loss = entropy(X["token_ids"][told], outputs["words"][told]) + entropy(follows, outputs["next"])
    assert float(ours_loss) == pytest.approx(loss.item(), rel=1e-6)
    gradients = tape.gradient(ours_loss, [variable.value for variable in ours.trainable_variables])
    named = dict(theirs.named_parameters())
    for variable, gradient in zip(ours.trainable_variables, gradients, strict=True):
        parts = parts_of(tf.convert_to_tensor(gradient).numpy(), variable.path)
        for name, found in zip(their_names(variable.path), parts, strict=True):
            expected = named[name].grad.numpy()
            if not name.endswith("key.bias"):  # which moves all scores of a query alike
                assert np.abs(expected).max() > 1e-6, name
            assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max() + 1e-7, name
