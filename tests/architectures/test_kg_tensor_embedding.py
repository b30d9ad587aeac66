"""Knowledge graphs: their number, the scores of all forms by their definition, one step's gradient in numpy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_numpy import random_weights

import keras_dl
from keras_dl import UsageError
from keras_dl.data.spec import Column, Spec
from keras_dl.learning.links import LinkLearner

TRIPLES = np.array([[0, 1, 3], [6, 0, 6], [2, 2, 5], [2, 2, 1]], "int32")


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ({}, 67_700),
        ({"entities": 135, "relations": 46}, 121_750),
        ({"entities": 14, "relations": 55}, 138_200),
        ({"form": "distmult"}, 6_450),
        ({"form": "transe"}, 6_450),
        ({"form": "complex"}, 12_900),
    ],
)
def test_it_is_as_large_as_published(size, count):
    assert keras_dl.describe("kg_tensor_embedding", **size).parameters == count


def test_multiply_adds_are_two_products_with_the_relation_and_with_all_entities():
    assert keras_dl.describe("kg_tensor_embedding").multiply_adds == 2 * (50 * 50 + 104 * 50)


def score(form, head, relation, tail):
    match form:
        case "rescal":
            return head @ relation @ tail
        case "distmult":
            return np.sum(head * relation * tail)
        case "transe":
            return -np.linalg.norm(head + relation - tail)
        case "complex":
            head, relation, tail = (one[:4] + 1j * one[4:] for one in (head, relation, tail))
            return np.real(np.sum(head * relation * np.conj(tail)))


def small(form):
    network = keras_dl.build("kg_tensor_embedding", entities=7, relations=3, width=4, form=form)
    weights = random_weights(network)
    return network, weights["embedding/entity"], weights["embedding/relation"]


def test_no_matrices_are_multiplied_by_vectors_in_batches():
    """With such products 16 of 438 trainings crashed, their memory corrupted by TensorFlow 2.21; without 0 of 171."""
    network, *_ = small("rescal")
    graph = tf.function(lambda x: network(x, training=True)).get_concrete_function(tf.constant(TRIPLES)).graph
    assert "BatchMatMulV2" not in {operation.type for operation in graph.get_operations()}


@pytest.mark.parametrize("form", ["rescal", "distmult", "transe", "complex"])
def test_scores_are_those_of_the_definition(form):
    network, entity, relation = small(form)
    found = network(TRIPLES)
    for row, (head, link, tail) in enumerate(TRIPLES):
        heads = [score(form, other, relation[link], entity[tail]) for other in entity]
        tails = [score(form, entity[head], relation[link], other) for other in entity]
        np.testing.assert_allclose(found["heads"][row], heads, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found["tails"][row], tails, rtol=1e-5, atol=1e-5)


def test_vectors_that_meet_have_the_distance_0_and_a_gradient_that_is_finite():
    network, entity, relation = small("transe")
    entity[3] = entity[0] + relation[1]
    layer = network.get_layer("embedding")
    layer.entity.assign(entity)
    with tf.GradientTape() as tape:
        scores = network(TRIPLES[:1])
        total = tf.reduce_sum(scores["tails"]) + tf.reduce_sum(scores["heads"])
    assert float(scores["tails"][0, 3]) == pytest.approx(0, abs=1e-3)
    assert np.isfinite(tape.gradient(total, layer.entity.value)).all()


def test_a_step_of_gradient_descent_is_that_of_the_definition():
    network, entity, relation = small("rescal")
    heads, links, tails = TRIPLES.T
    by_head = np.einsum("ed,bdf,bf->be", entity, relation[links], entity[tails])
    by_tail = np.einsum("bd,bdf,ef->be", entity[heads], relation[links], entity)
    loss, slopes = 0.0, []
    for scores, right in ((by_head, heads), (by_tail, tails)):
        shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        loss -= np.log(shares[range(4), right]).mean()
        shares[range(4), right] -= 1
        slopes.append(shares / 4)
    of_entity, of_relation = np.zeros_like(entity), np.zeros_like(relation)
    of_entity += np.einsum("be,bdf,bf->ed", slopes[0], relation[links], entity[tails])
    of_entity += np.einsum("be,bdf,bd->ef", slopes[1], relation[links], entity[heads])
    for row, (head, link, tail) in enumerate(TRIPLES):
        made_heads, made_tails = slopes[0][row] @ entity, slopes[1][row] @ entity
        of_entity[tail] += made_heads @ relation[link]
        of_entity[head] += relation[link] @ made_tails
        of_relation[link] += np.outer(made_heads, entity[tail]) + np.outer(entity[head], made_tails)

    learner, layer = LinkLearner(network), network.get_layer("embedding")
    y = {"heads": heads[:, None], "tails": tails[:, None]}
    with tf.GradientTape() as tape:
        losses = learner.named_losses(TRIPLES, y, network(TRIPLES), None, True)
        total = losses["head_loss"] + losses["tail_loss"]
    assert float(total) == pytest.approx(loss, rel=1e-5)
    variables = [layer.entity, layer.relation]
    keras.optimizers.SGD(0.5).apply(tape.gradient(total, [one.value for one in variables]), variables)
    np.testing.assert_allclose(layer.entity, entity - 0.5 * of_entity, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.relation, relation - 0.5 * of_relation, rtol=1e-4, atol=1e-5)


def test_dropout_changes_training_alone():
    network = keras_dl.build("kg_tensor_embedding", entities=7, relations=3, width=8, dropout=0.5)
    random_weights(network)
    plain, dropped = network(TRIPLES)["tails"], network(TRIPLES, training=True)["tails"]
    assert np.abs(plain - dropped).max() > 0.01
    np.testing.assert_array_equal(plain, network(TRIPLES)["tails"])


def test_it_takes_graphs_alone():
    spec = Spec(name="rows", columns={"features": Column(kind="features", shape=(3,))})
    with pytest.raises(UsageError, match="takes triples of a knowledge graph, rows is features"):
        keras_dl.get_config("kg_tensor_embedding").for_data(spec)
