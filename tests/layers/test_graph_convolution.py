"""Graph convolutions by their definition with matrices; pads, loops and batches of graphs."""

import keras
import numpy as np
import pytest

from keras_dl.layers import GraphConvolution, RowNormalization

EDGES = np.array([[0, 1, 1, 2, 3, 3], [1, 0, 2, 1, 4, 3]])  # directed ones too, and a loop
X = np.random.default_rng(0).normal(size=(1, 5, 3)).astype("float32")


@pytest.fixture
def layer():
    layer = GraphConvolution(4)
    layer.build([(None, 5, 3), (None, 2, 6)])
    layer.bias.assign([1.0, 2.0, 3.0, 4.0])
    return layer


def defined(layer, x, edges):
    adjacency = np.eye(len(x))
    for source, target in edges.T:
        adjacency[target, source] = 1
    scale = np.diag(adjacency.sum(axis=1) ** -0.5)
    return scale @ adjacency @ scale @ x @ layer.kernel.numpy() + layer.bias.numpy()


def test_it_is_the_product_with_the_normalised_adjacency(layer):
    np.testing.assert_allclose(layer([X, EDGES[None]])[0], defined(layer, X[0], EDGES), rtol=1e-5, atol=1e-6)


def test_pads_change_nothing_and_graphs_of_a_batch_nothing_of_each_other(layer):
    padded = np.full((2, 2, 9), -1)
    padded[0, :, 2:8], padded[1, :, :2] = EDGES, [[4, 0], [0, 4]]
    x = np.concatenate([X, X + 1])
    found = layer([x, padded])
    np.testing.assert_allclose(found[0], layer([X, EDGES[None]])[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[1], defined(layer, x[1], padded[1, :, :2]), rtol=1e-5, atol=1e-6)


def test_it_survives_a_file(tmp_path, layer):
    x, edges = keras.Input((5, 3)), keras.Input((2, 6), dtype="int32")
    model = keras.Model([x, edges], GraphConvolution(4, activation="relu", kernel_regularizer="l2")([x, edges]))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded([X, EDGES[None]]), model([X, EDGES[None]]))
    assert len(loaded.losses) == 1


def test_features_become_shares_of_their_sum():
    rows = np.array([[1, 0, 3], [0, 0, 0], [-1, 1, 0]], "float32")
    expected = [[0.25, 0, 0.75], [0, 0, 0], [-0.5, 0.5, 0]]
    np.testing.assert_array_equal(RowNormalization()(rows), expected)
