"""GCN against GCNConv of PyTorch Geometric on a graph of the size of Cora's features: outputs and gradients."""

import numpy as np
import pytest
from peers import randomise, relative_error

import keras_dl

NODES, FEATURES, PAIRS, CLASSES = 60, 1433, 120, 7


@pytest.fixture(scope="module")
def both():
    """Our network, theirs with the same weights, and a graph: x, edge_index, labels."""
    torch = pytest.importorskip("torch")
    geometric = pytest.importorskip("torch_geometric.nn")
    generator = np.random.default_rng(0)
    x = (generator.random((NODES, FEATURES)) < 0.02).astype("float32")
    pairs = {tuple(sorted(pair)) for pair in generator.integers(0, NODES - 3, (PAIRS, 2)) if pair[0] != pair[1]}
    edges = np.array([*pairs, *(pair[::-1] for pair in pairs)], "int32").T
    ours = randomise(keras_dl.build("gcn", input_shape=(NODES, FEATURES), edges=edges.shape[1] + 5))
    theirs = [geometric.GCNConv(FEATURES, 16), geometric.GCNConv(16, CLASSES)]
    for layer, module in zip(("stage1", "head"), theirs, strict=True):
        kernel, bias = ours.get_layer(layer).get_weights()
        module.lin.weight.data, module.bias.data = torch.from_numpy(kernel.T.copy()), torch.from_numpy(bias)

    def logits(x, edges):
        x, edges = torch.from_numpy(x / x.sum(axis=1, keepdims=True)), torch.from_numpy(edges).long()
        return theirs[1](torch.relu(theirs[0](x, edges)), edges)

    return ours, theirs, logits, x, edges, generator.integers(0, CLASSES, NODES)


def inputs(x, edges):
    return {"x": x[None], "edge_index": np.pad(edges, [(0, 0), (0, 5)], constant_values=-1)[None]}


def test_outputs_are_equal(both):
    ours, _, logits, x, edges, _ = both
    assert relative_error(ours(inputs(x, edges))[0], logits(x, edges).detach().numpy()) < 1e-5


def test_gradients_of_a_step_are_equal(both):
    import keras
    import tensorflow as tf
    import torch

    ours, theirs, logits, x, edges, labels = both
    loss = torch.nn.functional.cross_entropy(logits(x, edges), torch.from_numpy(labels))
    loss.backward()
    with tf.GradientTape() as tape:
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        ours_loss = entropy(labels[None], ours(inputs(x, edges)))
    assert float(ours_loss) == pytest.approx(loss.item(), rel=1e-6)
    gradients = tape.gradient(ours_loss, [variable.value for variable in ours.trainable_variables])
    expected = []
    for module in theirs:
        expected += [module.lin.weight.grad.numpy().T, module.bias.grad.numpy()]
    for variable, gradient, wanted in zip(ours.trainable_variables, gradients, expected, strict=True):
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert np.abs(gradient - wanted).max() <= 1e-5 * np.abs(wanted).max() + 1e-8, variable.path
        assert np.abs(wanted).max() > 1e-4, variable.path
