"""Translation with attention against its formulas on torch, whose autograd gives the gradients of a step."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from peers import randomise, relative_error

import keras_dl

SIZES = {"source_vocabulary_size": 20, "target_vocabulary_size": 15, "source_length": 7, "target_length": 6}
CONFIG = keras_dl.get_config("seq2seq_attention", **SIZES, embedding_width=5, width=4, biases=True)
GENERATOR = np.random.default_rng(0)
LENGTHS = np.array([7, 5, 2])
X = {
    "source_token_ids": GENERATOR.integers(1, 20, (3, 7)).astype("int32"),
    "source_padding_mask": np.arange(7) < LENGTHS[:, None],
    "target_token_ids": GENERATOR.integers(1, 15, (3, 6)).astype("int32"),
}
LABELS = GENERATOR.integers(1, 15, (3, 6))


def logits_of(torch, weights, row):
    """The logits of one sentence, (target_length, vocabulary), by the paper's formulas."""

    def step(gates, state, kernel):
        update, reset, new = gates.split(4)
        update, reset = (
            torch.sigmoid(part + state @ kernel[:, 4 * at : 4 * at + 4]) for at, part in enumerate((update, reset))
        )
        return update * state + (1 - update) * torch.tanh(new + (reset * state) @ kernel[:, 8:])

    def read(way, words):
        cell = f"encoder_both_ways/{way}_encoder_gru/gru_cell"
        state, states = torch.zeros(4), []
        for word in words:
            gates = word @ weights[f"{cell}/kernel"] + weights[f"{cell}/bias"]
            states.append(state := step(gates, state, weights[f"{cell}/recurrent_kernel"]))
        return torch.stack(states)

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights.get(f"{name}/bias", torch.zeros(()))

    words = weights["encoder_embedding/embeddings"][X["source_token_ids"][row, : LENGTHS[row]]]
    backward = read("backward", words.flip(0))
    annotations = torch.cat([read("forward", words), backward.flip(0)], dim=1)
    state, logits = torch.tanh(dense(backward[-1], "decoder_state")), []
    for word in weights["decoder_embedding/embeddings"][X["target_token_ids"][row]]:
        query = state @ weights["decoder_gru/cell/query_kernel"] + dense(annotations, "decoder_keys")
        look = torch.softmax((torch.tanh(query) @ weights["decoder_gru/cell/score"])[:, 0], dim=0)
        context = look @ annotations
        pairs = dense(torch.cat([state, word, context]), "decoder_pairs")
        logits.append(dense(torch.nn.functional.max_pool1d(pairs[None], 2)[0], "decoder_head"))
        gates = dense(word, "decoder_gates") + context @ weights["decoder_gru/cell/context_kernel"]
        state = step(gates, state, weights["decoder_gru/cell/recurrent_kernel"])
    return torch.stack(logits)


def test_torch_gives_the_same_outputs_and_gradients():
    torch = pytest.importorskip("torch")
    model = randomise(CONFIG.build())
    weights = {variable.path: torch.tensor(variable.numpy(), requires_grad=True) for variable in model.weights}
    expected = torch.stack([logits_of(torch, weights, row) for row in range(3)])
    with tf.GradientTape() as tape:
        logits = model(X)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, logits)
    assert relative_error(logits, expected.detach().numpy()) < 1e-5

    torch.nn.functional.cross_entropy(expected.flatten(0, 1), torch.from_numpy(LABELS).flatten()).backward()
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        theirs = weights[variable.path].grad.numpy()
        error = np.abs(tf.convert_to_tensor(gradient).numpy() - theirs).max()
        assert error <= 1e-4 * np.abs(theirs).max(), variable.path
        assert np.abs(theirs).max() > 1e-6, variable.path
