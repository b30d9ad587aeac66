"""Classes of the nodes of a graph: learned from those that are told, measured on the others."""

import numpy as np
import pytest
from jobs import JOBS

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.tasks import get_task
from keras_dl.training import build
from keras_dl.training.loop import Training
from keras_dl.use.reading import read


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    config, task, data, options = JOBS["node_classification"]()
    config, data = task.adapt(config, data)
    options = type(options)(epochs=80, batch_size=1, learning_rate=3e-2)
    training = Training(build(config, options), config, task, data, options, tmp_path_factory.mktemp("n"), verbose=0)
    training.run()
    return training


def test_nodes_that_were_not_told_are_found_by_their_neighbours(trained):
    assert trained.evaluate(trained.data.test)["accuracy"] > 0.9


def test_loss_and_accuracy_are_means_over_the_nodes_of_the_split(trained):
    columns = {name: source.values for name, source in trained.data.test.columns.items()}
    logits = trained.network.predict({name: columns[name] for name in ("x", "edge_index")}, verbose=0)[0]
    labels = columns["labels"][0]
    there = np.flatnonzero(labels >= 0)
    assert 0 < len(there) < len(labels)
    found = trained.evaluate(trained.data.test)
    assert found["accuracy"] == pytest.approx(np.mean(logits.argmax(axis=1)[there] == labels[there]))
    losses = np.log(np.exp(logits).sum(axis=1))[there] - logits[there, labels[there]]
    penalty = sum(map(float, trained.network.losses))
    assert found["loss"] == pytest.approx(losses.mean() + penalty, rel=1e-4)


def test_the_answer_is_a_class_for_every_node(trained):
    columns = {name: trained.data.test.columns[name].values for name in ("x", "edge_index")}
    [answer] = trained.task.answers(trained.network, trained.config, columns, trained.data.spec)
    told = trained.data.test.columns["labels"].values[0]
    there = told >= 0
    names = np.array(trained.data.spec.class_names)
    assert len(answer["classes"]) == len(told) == sum(answer["nodes"].values())
    assert np.mean(np.array(answer["classes"])[there] == names[told[there]]) > 0.9


def test_data_without_a_graph_are_refused():
    with pytest.raises(UsageError, match=r"node_classification needs a column of nodes; digits has image \(image\)"):
        get_task("node_classification").adapt(get_config("gcn"), load("digits"))


def test_graphs_are_read_from_files(trained, tmp_path):
    columns = {name: source.values[0] for name, source in trained.data.test.columns.items()}
    told = {f"{split}_index": np.arange(place, 30, 3) for place, split in enumerate(("train", "val", "test"))}
    half = columns["edge_index"][:, : columns["edge_index"].shape[1] // 2].T
    graph = {"features": columns["x"], "edges": half, "labels": np.arange(30) % 2, **told}
    np.savez(tmp_path / "graph.npz", **graph)
    [source], inputs = read([tmp_path / "graph.npz"], trained.data.spec)
    assert source == str(tmp_path / "graph.npz") and [*inputs] == ["x", "edge_index"]
    assert np.array_equal(inputs["x"][0], columns["x"])
    assert np.array_equal(inputs["edge_index"][0], columns["edge_index"])
    np.savez(tmp_path / "other.npz", **{**graph, "edges": half[1:]})
    with pytest.raises(UsageError, match=r"the model takes edges of shape \(2, \d+\); .*other.npz has \(2, \d+\)"):
        read([tmp_path / "other.npz"], trained.data.spec)
