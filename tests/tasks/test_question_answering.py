"""Answers that stand in a text: characters to tokens and back, the scores of SQuAD, the loss, raw questions."""

import dataclasses
import os

import keras
import numpy as np
import pytest
from jobs import JOBS

from keras_dl import UsageError, evaluate, get_config
from keras_dl.data import load
from keras_dl.data.answers import first_and_count, of_answers
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.learning.spans import exact_match, f1, likeliest
from keras_dl.tasks import get_task
from keras_dl.training.job import Job
from keras_dl.use.predictor import Predictor

CONTEXT = "The tower, built in 1889, is 330 m high; it stands in Paris."
EXAMPLES = [
    ("When was it built?", CONTEXT, ["1889", "in 1889"], CONTEXT.index("1889")),
    ("How high is it?", CONTEXT, ["330 m"], CONTEXT.index("330")),
    ("Where is it?", CONTEXT, ["in Paris"], CONTEXT.index("in Paris")),
]
SETTINGS = {"name": "toy", "validation": 0.1, "seed": 0}


def encoded(length=64, **options):
    data = of_answers(dict.fromkeys(("train", "validation", "test"), EXAMPLES), **SETTINGS)
    task = get_task("question_answering", vocabulary_size=110, **options)
    return task, *task.adapt(get_config("bert_tiny", length=length), data)


def test_the_tokens_of_an_answer_are_its_characters():
    _, config, data = encoded()
    assert (config.head, [*data.spec.columns]) == (
        "span",
        ["token_ids", "segment_ids", "context", "answers", "span"],
    )
    vocabulary = Vocabulary.from_json(data.spec.columns["token_ids"].vocabulary)
    ids, segments, spans = (data.train.columns[name].values for name in ("token_ids", "segment_ids", "span"))
    for row, (first, _), (_, _, answers, _) in zip(range(3), first_and_count(ids, segments), EXAMPLES, strict=True):
        start, end = spans[row]
        offsets = vocabulary.offsets(CONTEXT)
        assert CONTEXT[offsets[start - first][0] : offsets[end - first][1]] == answers[0]
        [pieces] = vocabulary.encode_ragged([answers[0]])
        np.testing.assert_array_equal(ids[row, start : end + 1], pieces)


def test_what_is_cut_away_does_not_count():
    task, _, data = encoded(length=18)
    spans = data.train.columns["span"].values
    assert np.all(spans[2] == -1) and np.all(spans[0] >= 0)
    batch = {
        name: source.values
        for name, source in data.train.columns.items()
        if name in ("token_ids", "segment_ids", "span")
    }
    x, y, weights = task.prepare(batch, None)
    assert weights["start"].numpy().tolist() == [float(row[0] >= 0) for row in spans] and y["end"].numpy()[2] == 0
    assert set(x) == {"token_ids", "padding_mask", "segment_ids"}


def test_scores_are_those_of_squad():
    assert exact_match("the Tower!", ["tower"]) == 1 and exact_match("a tower", ["towers", "high"]) == 0
    assert f1("built in 1889", ["1889", "in 1889"]) == pytest.approx(2 * 2 / 5)
    assert f1("", ["1889"]) == 0 == f1("Paris", ["1889"]) and f1("the", ["a"]) == 1


def test_the_likeliest_answer_is_that_of_all_pairs():
    generator = np.random.default_rng(0)
    for _ in range(20):
        start, end = generator.normal(size=(2, 50))
        pairs = [(s, e) for s in range(5, 48) for e in range(s, min(s + 30, 48))]
        best = max(pairs, key=lambda pair: start[pair[0]] + end[pair[1]])
        assert likeliest(start, end, 5, 43) == (best[0] - 5, best[1] - 5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network that has learned from the toy, its data, and it saved."""
    config, task, data, options = JOBS["question_answering"]()
    options = dataclasses.replace(options, epochs=12, learning_rate=2e-3)
    job = Job(network=config.replace(head_width=32, dropout=0.0), task=task, loading={}, options=options)
    folder = tmp_path_factory.mktemp("questions")
    found = job.train(folder / "run", *task.adapt(job.network, data), verbose=0)
    found.save(folder / "model")
    return found, data, Predictor(folder / "model")


def test_it_learns_and_is_asked(trained):
    found, data, predictor = trained
    scores = found.evaluate(found.training.data.test)
    assert scores["exact_match"] > 0.4 and scores["f1"] >= scores["exact_match"], "one of five words by chance"
    assert evaluate(predictor, data)["f1"] == pytest.approx(scores["f1"])
    questions, contexts = (data.test.columns[name].values[:3] for name in ("question", "context"))
    both = [text for pair in zip(questions, contexts, strict=True) for text in pair]
    answers = [answer.value["text"] for answer in predictor.answers(*predictor.read(both))]
    assert all(answer in context for answer, context in zip(answers, contexts, strict=True))
    told = predictor.task.answers(
        found.network,
        predictor.config,
        {name: one.take(range(3)) for name, one in found.training.data.test.columns.items()},
        predictor.spec,
    )
    assert [one["text"] for one in told] == answers


def test_losses_are_those_of_the_definition(trained):
    found, _, _ = trained
    losses = []
    for batch in found.training.data.test.batches(40, found.training.task.arrange(found.network)):
        x, y, _ = keras.tree.map_structure(np.asarray, batch)
        for end, logits in found.network(x).items():
            logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
            losses.append(-logs.numpy()[np.arange(len(logs)), y[end]])
    expected = 2 * np.concatenate(losses).mean()
    assert found.evaluate(found.training.data.test)["loss"] == pytest.approx(expected, rel=1e-4)


def test_what_has_no_answers_is_refused():
    task = get_task("question_answering")
    with pytest.raises(UsageError, match="question_answering needs a column of text; digits has image"):
        task.adapt(get_config("bert_tiny"), load("digits"))
    with pytest.raises(UsageError, match="needs a column of span; toy has text"):
        task.adapt(get_config("bert_tiny"), JOBS["pairs"]()[2])
    data = of_answers(dict.fromkeys(("train", "validation", "test"), EXAMPLES), **SETTINGS)
    with pytest.raises(UsageError, match="is for networks of two texts, such as bert_tiny; not kim_cnn"):
        task.adapt(get_config("kim_cnn"), data)
    with pytest.raises(UsageError, match="an answer of toy does not stand at its place 3: '1889'"):
        of_answers({"train": [("When?", CONTEXT, ["1889"], 3)]}, **SETTINGS)


@pytest.mark.skipif("TFDS_DATA_DIR" not in os.environ, reason="TFDS_DATA_DIR does not say where real data are")
def test_questions_of_xquad():
    data = load("xquad/en", split="test")
    assert sum(data.spec.counts.values()) == 1190
    assert {name: column.kind for name, column in data.spec.columns.items()} == {
        "question": "text",
        "context": "text",
        "answers": "texts",
        "span": "span",
    }
    _, adapted = get_task("question_answering").adapt(get_config("bert_tiny"), data)
    lost = sum((getattr(adapted, name).columns["span"].values == -1).all(axis=1).sum() for name in data.spec.counts)
    assert lost < 30
