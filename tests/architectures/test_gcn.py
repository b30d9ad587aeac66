"""The graph convolutional network: equation 9 of the paper in plain numpy, pads, several graphs, its data, its size."""

import keras
import numpy as np
import pytest
from plain_numpy import random_weights

import keras_dl
from keras_dl.data.spec import Column, Spec

NODES, EDGES = 7, 16
SMALL = keras_dl.get_config("gcn", input_shape=(NODES, 5), edges=EDGES, classes=3, hidden=4)
GENERATOR = np.random.default_rng(0)
X = GENERATOR.integers(0, 4, (2, NODES, 5)).astype("float32")
X[0, 1] = 0  # a paper without words


def graph(pairs):
    """The edges (2, EDGES) of undirected pairs, padded."""
    both = np.array([*pairs, *(pair[::-1] for pair in pairs)]).T
    return np.pad(both, [(0, 0), (0, EDGES - both.shape[1])], constant_values=-1)


EDGE_INDEX = np.stack(
    [graph([(0, 1), (0, 2), (2, 3), (3, 4), (5, 4)]), graph([(6, 5), (1, 3), (0, 3), (3, 6), (2, 1), (4, 6), (5, 0)])]
).astype("int32")


def by_definition(x, edges, weights):
    adjacency = np.eye(NODES)
    for source, target in edges.T[edges[0] >= 0]:
        adjacency[target, source] = 1
    scale = np.diag(adjacency.sum(axis=1) ** -0.5)
    share = scale @ adjacency @ scale
    x = x / np.maximum(x.sum(axis=1, keepdims=True), 1)
    hidden = np.maximum(0, share @ x @ weights["stage1/kernel"] + weights["stage1/bias"])
    return share @ hidden @ weights["head/kernel"] + weights["head/bias"]


def test_outputs_are_those_of_the_definition():
    model = SMALL.build()
    weights = random_weights(model)
    logits = model({"x": X, "edge_index": EDGE_INDEX})
    assert logits.shape == (2, NODES, 3)
    for x, edges, found in zip(X, EDGE_INDEX, logits, strict=True):
        np.testing.assert_allclose(found, by_definition(x, edges, weights), rtol=1e-4, atol=1e-5)
    alone = model({"x": X[1:], "edge_index": EDGE_INDEX[1:]})
    np.testing.assert_allclose(alone, logits[1:], rtol=1e-5, atol=1e-6)


def test_pads_own_edges_and_the_order_of_edges_change_nothing():
    model = SMALL.build()
    random_weights(model)
    expected = model({"x": X, "edge_index": EDGE_INDEX}).numpy()
    other = EDGE_INDEX.copy()
    other[0, :, -1] = 3, 3  # a node to itself
    other[0, :, -2] = 3, -1
    np.testing.assert_allclose(model({"x": X, "edge_index": other}), expected, atol=1e-6)
    np.testing.assert_allclose(model({"x": X, "edge_index": EDGE_INDEX[:, :, ::-1]}), expected, atol=1e-6)
    other[0, :, -1] = 3, 5  # one more edge
    assert np.abs(model({"x": X, "edge_index": other})[0] - expected[0]).max() > 1e-3


def test_an_edge_leads_from_its_first_node_to_its_second():
    model = keras_dl.get_config("gcn", input_shape=(3, 2), edges=1, classes=2).build()
    random_weights(model)
    x, edge = np.ones((1, 3, 2), "float32"), np.array([[[0], [1]]], "int32")
    before = model({"x": x, "edge_index": edge}).numpy()
    x[0, 0] = 5, 1
    after = model({"x": x, "edge_index": edge}).numpy()
    assert (np.abs(after - before).max(axis=2)[0] > 1e-3).tolist() == [True, True, False]


def test_the_size_and_the_penalty_of_the_first_layer():
    described = keras_dl.describe("gcn")
    assert described.parameters == described.trainable_parameters == 23_063
    assert described.multiply_adds == 2708 * (1433 * 16 + 16 * 7) + (10556 + 2708) * (16 + 7)
    assert described.links == 2708 * 23_063
    model = SMALL.build()
    weights = random_weights(model)
    assert [float(loss) for loss in model.losses] == pytest.approx([5e-4 * np.sum(weights["stage1/kernel"] ** 2) / 2])


def test_dropout_meets_the_inputs_of_every_layer():
    model = SMALL.replace(layers=3).build()
    before = {layer.name: layer.input for layer in model.layers if isinstance(layer, keras.layers.Dropout)}
    assert list(before) == ["stage1_dropout", "stage2_dropout", "head_dropout"]
    inputs = {"x": X, "edge_index": EDGE_INDEX}
    assert np.any(model(inputs, training=True) != model(inputs, training=True))


def test_it_follows_its_data():
    columns = {
        "x": Column(kind="nodes", shape=(20, 9)),
        "edge_index": Column(kind="edges", shape=(2, 33)),
        "labels": Column(kind="classes", shape=(20,), classes=4),
    }
    config = keras_dl.get_config("gcn").for_data(Spec(name="some", columns=columns))
    assert (config.input_shape, config.edges, config.classes) == ((20, 9), 33, 4)
    pictures = Spec.labelled(name="some", kind="image", shape=(8, 8, 1), classes=4)
    with pytest.raises(keras_dl.UsageError, match="takes graphs of nodes and edges, some is image"):
        config.for_data(pictures)


def test_a_file_keeps_the_outputs(tmp_path):
    model = SMALL.build()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    inputs = {"x": X, "edge_index": EDGE_INDEX}
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


def test_xla_gives_the_same_outputs():
    import tensorflow as tf

    model = SMALL.build()
    random_weights(model)
    inputs = {"x": tf.constant(X), "edge_index": tf.constant(EDGE_INDEX)}
    np.testing.assert_allclose(tf.function(model, jit_compile=True)(inputs), model(inputs), rtol=1e-5, atol=1e-6)
