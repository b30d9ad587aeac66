"""Tags of words: told at their first tokens, learned, measured over words alone, answered word by word."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from jobs import JOBS, PARTS

from keras_dl import UsageError, evaluate, get_config
from keras_dl.data import load
from keras_dl.data.tagged import of_words
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.tasks import get_task
from keras_dl.training.job import Job
from keras_dl.use.predictor import Predictor

EXAMPLES = [(["a", "bluish", "film"], [0, 1, 2]), (["films"], [2])] * 2
TAGS = ("article", "adjective", "noun")


def test_the_first_token_of_a_word_has_its_tag():
    data = of_words(dict.fromkeys(PARTS, EXAMPLES), TAGS, name="toy", validation=0.1, seed=0)
    task = get_task("tagging", vocabulary_size=24)
    config, adapted = task.adapt(get_config("bert_tiny"), data)
    ids, tags = (adapted.train.columns[name].values for name in ("token_ids", "tags"))
    vocabulary = Vocabulary.from_json(adapted.spec.columns["token_ids"].vocabulary)
    assert (config.head, config.classes, config.length) == ("tokens", 3, ids.shape[1])
    expected = [2, *vocabulary.encode_ragged(["a bluish film"])[0], 3]
    assert ids[0, : len(expected)].tolist() == expected and not ids[0, len(expected) :].any()
    pieces = [vocabulary.tokens[one] for one in ids[0]]
    firsts = [place for place, piece in enumerate(pieces) if piece[0] in "abf"]
    assert tags[0, firsts].tolist() == [0, 1, 2] and (np.delete(tags[0], firsts) == -1).all()
    short = task.adapt(get_config("bert_tiny", length=4), data)[1]
    assert short.train.columns["token_ids"].values[0, -1] == 3 and short.train.columns["tags"].values[0, -1] == -1
    assert short.notices[-1].endswith("texts were cut to 4 tokens")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network that has learned from the toy, its data, and it saved."""
    config, task, data, options = JOBS["tagging"]()
    options = dataclasses.replace(options, epochs=8, learning_rate=3e-3)
    job = Job(network=config.replace(head_width=32, dropout=0.0), task=task, loading={}, options=options)
    folder = tmp_path_factory.mktemp("tags")
    found = job.train(folder / "run", *task.adapt(job.network, data), verbose=0)
    found.save(folder / "model")
    return found, data, Predictor(folder / "model")


def test_it_learns_and_is_asked(trained):
    found, data, predictor = trained
    scores = found.evaluate(found.training.data.test)
    assert scores["accuracy"] > 0.95 and "perplexity" not in scores
    assert evaluate(predictor, data)["accuracy"] == pytest.approx(scores["accuracy"])
    [answer] = predictor.answers(*predictor.read(["Bluish six"]))
    assert answer.value == {
        "text": "bluish/no six/number",
        "words": ["bluish", "six"],
        "tags": ["no", "number"],
    }


def test_the_loss_is_that_of_the_definition(trained):
    found, _, _ = trained
    losses = []
    for batch in found.training.data.test.batches(40, found.training.task.arrange(found.network)):
        x, y, weights = keras.tree.map_structure(np.asarray, batch)
        logits = found.network(x).numpy()
        logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        losses.append(-np.take_along_axis(logs, y[..., None], -1)[..., 0][weights == 1])
    expected = np.concatenate(losses).mean()
    assert found.evaluate(found.training.data.test)["loss"] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_words_with_tags_are_read_from_their_files(tmp_path):
    features = {"tokens": tfds.features.Sequence(tfds.features.Text())}
    features |= {"pos": tfds.features.Sequence(tfds.features.ClassLabel(names=TAGS))}
    rows = {
        "tokens": tf.ragged.constant([words for words, _ in EXAMPLES] * 5),
        "pos": tf.ragged.constant([tags for _, tags in EXAMPLES] * 5, "int64"),
    }
    tfds.dataset_builders.store_as_tfds_dataset(
        name="tagged",
        version="1.0.0",
        features=tfds.features.FeaturesDict(features),
        split_datasets={"train": tf.data.Dataset.from_tensor_slices(rows)},
        data_dir=tmp_path,
    )
    data = load("tagged", data_dir=str(tmp_path))
    assert [*data.spec.columns] == ["words", "tags"] and data.spec.class_names == TAGS
    words, tags = (data.train.columns[name].values.tolist() for name in ("words", "tags"))
    found = {(*words, *tags) for words, tags in zip(words, tags, strict=True)}
    assert found == {("a", "bluish", "film", 0, 1, 2), ("films", "", "", 2, -1, -1)}


def test_what_has_no_tags_is_refused(trained):
    _, data, predictor = trained
    task = get_task("tagging")
    with pytest.raises(UsageError, match="tagging needs a column of texts; digits has image"):
        task.adapt(get_config("bert_tiny"), load("digits"))
    with pytest.raises(UsageError, match="is for networks of both directions, such as bert_tiny; not kim_cnn"):
        task.adapt(get_config("kim_cnn"), data)
    other = of_words(dict.fromkeys(PARTS, EXAMPLES), TAGS, name="other", validation=0.1, seed=0)
    with pytest.raises(UsageError, match="the model tells the tags no, number; other has article, adjective, noun"):
        evaluate(predictor, other)
