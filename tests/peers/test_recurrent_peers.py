"""Recurrent classifiers against torch.nn.RNN, LSTM and GRU on packed sequences: outputs and gradients."""

import numpy as np
import pytest
from peers import randomise, relative_error

import keras_dl

LENGTHS = np.array([9, 7, 4, 2, 1])
TOKENS = np.random.default_rng(0).integers(1, 20, (5, 9)).astype("int32")
LABELS = np.arange(5) % 3
X = {"token_ids": TOKENS, "padding_mask": np.arange(9) < LENGTHS[:, None]}
PEERS = {"simple_rnn_classifier": "RNN", "lstm_classifier": "LSTM", "gru_classifier": "GRU"}


def gates_of_torch(name, weight):
    """The gates of a kernel or bias, side by side in the last axis, in torch's order: GRU's first two change places."""
    if name != "gru_classifier":
        return weight
    update, reset, new = np.split(weight, 3, axis=-1)
    return np.concatenate([reset, update, new], axis=-1)


def to_torch(name, kernel, recurrent, bias):
    """A layer's weights by the beginnings of their names in torch; Keras has one bias, or GRU's two rows."""
    first, second = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    parts = {"weight_ih": kernel, "weight_hh": recurrent, "bias_ih": first, "bias_hh": second}
    return {key: gates_of_torch(name, value).T for key, value in parts.items()}


def layers_of(model, config):
    """(the end of the names in torch, Keras's layer of one direction) of every recurrent layer."""
    for index in range(config.layers):
        layer = model.get_layer(f"stage{index + 1}")
        ways = (layer.forward_layer, layer.backward_layer) if config.bidirectional else (layer,)
        yield from zip((f"l{index}", f"l{index}_reverse"), ways, strict=False)


@pytest.mark.parametrize("changes", [{}, {"layers": 2, "bidirectional": True}])
@pytest.mark.parametrize("name", PEERS)
def test_torch_gives_the_same_outputs_and_gradients(name, changes):
    torch = pytest.importorskip("torch")
    import tensorflow as tf

    config = keras_dl.get_config(
        name, vocabulary_size=20, length=9, classes=3, embedding_width=5, units=4, dropout=0.0, **changes
    )
    model = randomise(config.build())
    both = {"num_layers": config.layers, "bidirectional": config.bidirectional}
    peer = getattr(torch.nn, PEERS[name])(5, 4, batch_first=True, **both)
    for end, layer in layers_of(model, config):
        for start, value in to_torch(name, *layer.get_weights()).items():
            getattr(peer, f"{start}_{end}").data.copy_(torch.from_numpy(value))
    kernel, bias = map(torch.from_numpy, model.get_layer("head").get_weights())
    table = torch.from_numpy(model.get_layer("embedding").embeddings.numpy())
    packed = torch.nn.utils.rnn.pack_padded_sequence(table[TOKENS], LENGTHS, batch_first=True)
    state = peer(packed)[1]
    last = (state[0] if isinstance(state, tuple) else state)[-1 - config.bidirectional :]
    logits = torch.cat(list(last), dim=-1) @ kernel + bias
    with tf.GradientTape() as tape:
        ours = model(X, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS, ours))
    assert relative_error(ours, logits.detach().numpy()) < 1e-5

    torch.nn.functional.cross_entropy(logits, torch.from_numpy(LABELS)).backward()
    pairs = list(layers_of(model, config))
    gradients = iter(tape.gradient(loss, [weight.value for _, layer in pairs for weight in layer.trainable_weights]))
    for end, _ in pairs:
        for start, ours in to_torch(name, *(next(gradients).numpy() for _ in range(3))).items():
            theirs = getattr(peer, f"{start}_{end}").grad.numpy()
            if start == "bias_hh" and name != "gru_classifier":
                continue  # the second bias, which Keras does not have
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6, err_msg=f"{start}_{end}")
            assert np.any(theirs)


def test_torch_gives_the_same_next_steps():
    torch = pytest.importorskip("torch")
    series = np.random.default_rng(0).normal(size=(3, 7, 5)).astype("float32")
    model = randomise(keras_dl.get_config("next_step_predictor", series=(7, 5), units=4, layers=2).build())
    peer = torch.nn.GRU(5, 4, num_layers=2, batch_first=True)
    for index in range(2):
        weights = to_torch("gru_classifier", *model.get_layer(f"stage{index + 1}").get_weights())
        for start, value in weights.items():
            getattr(peer, f"{start}_l{index}").data.copy_(torch.from_numpy(value))
    kernel, bias = map(torch.from_numpy, model.get_layer("head").get_weights())
    assert relative_error(model(series), (peer(torch.from_numpy(series))[0] @ kernel + bias).detach().numpy()) < 1e-5
