"""Link prediction: ranks by brute force, losses by formula, learned on a toy, asked, and refused."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from jobs import OPTIONS, link_prediction
from plain_numpy import random_weights

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data.triples import TRIPLE, of_triples
from keras_dl.learning.link_ranking import precision_recall_area, ranked, ranks, summary
from keras_dl.learning.links import LinkLearner
from keras_dl.tasks import get_task
from keras_dl.training import build
from keras_dl.training.loop import Training
from keras_dl.use.predict import Predict
from keras_dl.use.predictor import Predictor

PARTS = ("train", "validation", "test")


def test_ranks_are_those_of_a_search_through_all_triples():
    config, task, data, _ = link_prediction()
    config, data = task.adapt(config, data)
    network = config.build()
    random_weights(network)
    every = {tuple(row) for name in PARTS for row in getattr(data, name).columns[TRIPLE].values.tolist()}
    triples = data.test.columns[TRIPLE].values.tolist()
    found = ranks(network, data.test)
    for number, (head, relation, tail) in enumerate(triples):
        for side, place in (("heads", 0), ("tails", 2)):
            scores, own = network(np.array([triples[number]], "int32"))[side].numpy()[0], triples[number][place]
            others = []
            for entity in range(config.entities):
                other = (entity, relation, tail) if place == 0 else (head, relation, entity)
                if entity != own and other not in every:
                    others.append(scores[entity])
            better, same = (sum(one > scores[own] for one in others), sum(one == scores[own] for one in others))
            assert found[side][number] == 1 + better + same / 2
    both = np.concatenate([*found.values()])
    wanted = {"mrr": np.mean(1 / both), "hits_at_1": np.mean(both <= 1), "hits_at_3": np.mean(both <= 3)}
    scores = task.scores(network, config, data.test, data.spec)
    assert {name: scores[name] for name in wanted} == pytest.approx(wanted)
    assert scores["mean_rank"] == pytest.approx(both.mean())


def test_equal_scores_share_the_mean_of_their_ranks():
    scores, none = np.zeros((1, 5), "float32"), np.full((1, 1), -1)
    assert ranked(scores, np.array([2]), none) == [3]
    assert ranked(scores, np.array([2]), np.array([[0, 1, 2]])) == [2]
    assert summary(np.array([1.0, 4.0]))["mrr"] == pytest.approx(0.625)


def test_the_area_under_precision_and_recall_is_that_of_the_ranks_of_true_cells():
    config, task, data, _ = link_prediction()
    config, data = task.adapt(config, data)
    network = config.build()
    random_weights(network)
    every = {tuple(row) for name in PARTS for row in getattr(data, name).columns[TRIPLE].values.tolist()}
    test = {tuple(row) for row in data.test.columns[TRIPLE].values.tolist()}
    cells = [cell for cell in np.ndindex(12, 4, 12) if cell in test or cell not in every]
    scores = network(np.array(cells, "int32"))["tails"].numpy()[np.arange(len(cells)), [cell[2] for cell in cells]]
    true = np.array([cell in test for cell in cells])[np.argsort(-scores)]
    precision = np.cumsum(true) / np.arange(1, len(cells) + 1)
    assert precision_recall_area(network, data, 1.0, 0) == pytest.approx(precision[true].mean())


def test_scores_that_are_no_numbers_are_the_worst():
    scores, none = np.array([[1, np.nan, 0, 2]], "float32"), np.full((1, 1), -1)
    assert ranked(scores, np.array([1]), none) == [4]
    assert ranked(scores, np.array([0]), none) == [3]


def test_drawn_entities_are_told_by_the_logistic_loss():
    network = keras_dl.build("kg_tensor_embedding", entities=6, relations=2, width=3, dropout=0.0)
    random_weights(network)
    triples = np.array([[0, 1, 2], [3, 0, 5]], "int32")
    y = {"heads": np.array([[0, 4, 0, 1], [3, 3, 3, 2]]), "tails": np.array([[2, 0, 1, 5], [5, 4, 4, 5]])}
    found = LinkLearner(network).named_losses(triples, y, network(triples), None, True)
    for side, loss in (("heads", found["head_loss"]), ("tails", found["tail_loss"])):
        scores, total = network(triples)[side].numpy().astype("float64"), 0.0
        for row, (right, *drawn) in zip(scores, y[side], strict=True):
            total += np.log1p(np.exp(-row[right]))
            total += sum(np.log1p(np.exp(row[other])) for other in drawn if other != right)
        assert float(loss) == pytest.approx(total / 2, rel=1e-5)


def test_what_is_drawn_is_decided_by_the_key():
    _, _, data, _ = link_prediction()
    task = get_task("link_prediction", negatives=3).for_data(data.spec)
    batch = {TRIPLE: keras.ops.convert_to_tensor(data.train.columns[TRIPLE].values[:5])}
    first, again, other = (task.prepare(batch, np.array([0, key], "int64"))[1]["tails"].numpy() for key in (1, 1, 2))
    assert first.shape == (5, 4) and first.max() < data.spec.columns[TRIPLE].classes
    np.testing.assert_array_equal(first[:, 0], batch[TRIPLE][:, 2])
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_it_learns_who_follows_whom(tmp_path):
    config, _, data, _ = link_prediction()
    task = get_task("link_prediction")
    config, data = task.adapt(config, data)
    options = dataclasses.replace(OPTIONS, epochs=20, learning_rate=0.1)
    training = Training(build(config, options), config, task, data, options, tmp_path / "run", verbose=0)
    rows = training.run()
    assert rows[-1]["val_mrr"] > rows[0]["val_mrr"] + 0.1 and rows[-1]["val_mrr"] > 0.6
    folder = keras_dl.save(training.network, tmp_path / "model", config=config, task=task, spec=data.spec)
    task.draw(training.network, config, data.test, data.spec, tmp_path / "ranks.png")
    assert (tmp_path / "ranks.png").stat().st_size > 5000
    predictor = Predictor(folder)
    sources, inputs = predictor.read(["e3 next ?", "? next e4", "e3\tnext\te4"])
    tails, heads, whole = (answer.value for answer in predictor.answers(sources, inputs))
    assert "e4" in [*tails["tails"]][:3] and "e3" in [*heads["heads"]][:3]
    assert whole["rank_of_tail"] <= 3 and whole["score"] == pytest.approx(tails["tails"]["e4"], abs=1e-3)


def test_it_is_asked_from_the_command_line(tmp_path, capsys):
    config, task, data, _ = link_prediction()
    config, data = task.adapt(config, data)
    folder = keras_dl.save(config.build(), tmp_path / "model", config=config, task=task, spec=data.spec)
    (tmp_path / "asked.txt").write_text("e1\tnext\t?\n\ne1 then e3\n")
    Predict(str(folder), (str(tmp_path / "asked.txt"),), json=True).run()
    first, second = json.loads(capsys.readouterr().out)
    assert len(first["tails"]) == 10 and set(second) == {"input", "score", "rank_of_head", "rank_of_tail"}
    for asked, words in [
        ("e1 next nobody", "the model has never seen 'nobody'"),
        ("e1 nxt e2", "never seen 'nxt'; did you mean next"),
        ("e1 next", 'a triple is "head relation tail"'),
        ("? next ?", 'a triple is "head relation tail"'),
        ("e1 ? e2", 'a triple is "head relation tail"'),
    ]:
        with pytest.raises(UsageError, match=words):
            Predictor(folder).read([asked])


def test_another_graph_is_refused(tmp_path):
    config, task, data, _ = link_prediction()
    config, data = task.adapt(config, data)
    folder = keras_dl.save(config.build(), tmp_path / "model", config=config, task=task, spec=data.spec)
    other = of_triples(dict.fromkeys(PARTS, np.array([[0, 0, 1]])), ("e0", "x"), ("next",), name="other")
    with pytest.raises(UsageError, match="the model knows other entities than other: e1, "):
        keras_dl.evaluate(folder, other)
    with pytest.raises(UsageError, match="link_prediction is for networks such as kg_tensor_embedding; not mlp"):
        task.learner(get_config("mlp").build(), get_config("mlp"), OPTIONS)
