"""Hidden words: how many and which, the loss by its definition, sentences that follow, what [MASK] is filled with."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from jobs import JOBS, WORDS, sentences_of

from keras_dl import UsageError, evaluate, get_config
from keras_dl.data import Data, Spec, Split, load
from keras_dl.data.sentences import in_a_row, texts_alone
from keras_dl.data.spec import Column
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.learning.hiding_words import hidden
from keras_dl.tasks import get_task
from keras_dl.training import build
from keras_dl.training.job import Job
from keras_dl.training.loop import Training
from keras_dl.use.predictor import Predictor

IDS = np.random.default_rng(0).integers(5, 40, (400, 22)).astype("int32")
IDS[:, 0], IDS[:, 21] = 2, 3
IDS[200:, 9:] = 0
IDS[200:, 9] = 3
SPECIAL = (0, 1, 2, 3, 4)


def hide(ids, key, share=0.15):
    seen, told = hidden(tf.constant(ids), share, SPECIAL, 4, 40, key)
    return seen.numpy(), told.numpy()


@pytest.mark.parametrize("key", [None, tf.constant([3, 5], "int64")])
def test_what_is_hidden(key):
    seen, told = hide(IDS, key)
    assert not told[np.isin(IDS, SPECIAL)].any()
    np.testing.assert_array_equal(told.sum(axis=1), np.repeat([3, 1], 200), "15 % of 20 and of 8")
    np.testing.assert_array_equal(seen[told == 0], IDS[told == 0])
    masked, same = seen[told == 1] == 4, seen[told == 1] == IDS[told == 1]
    assert 0.75 < masked.mean() < 0.85 and 0.06 < same.mean() < 0.15
    others = seen[told == 1][~masked & ~same]
    assert len(np.unique(others)) > 20 and others.max() < 40
    assert np.ptp(told[:200, 1:21].sum(axis=0)) < 35, "all places with equal chance"


def test_the_key_or_the_text_decides():
    one, other = (hide(IDS, tf.constant([3, number], "int64")) for number in (5, 6))
    assert np.any(one[1] != other[1])
    np.testing.assert_array_equal(one[0], hide(IDS, tf.constant([3, 5], "int64"))[0])
    alone = [hide(IDS[place : place + 1], None)[0][0] for place in (0, 250)]
    np.testing.assert_array_equal(alone, hide(IDS[::-1], None)[0][::-1][[0, 250]])
    np.testing.assert_array_equal(hide(IDS[:2] * 0, None)[1], 0, "of pads alone nothing is to be told")
    np.testing.assert_array_equal(hide(IDS, None, share=0.9999)[1].sum(axis=1), np.repeat([20, 8], 200))


@pytest.fixture(scope="module", params=["masked_language_modeling", "words_and_next_sentence"])
def training(request, tmp_path_factory):
    """The training of a toy, not yet begun, and its loaded data."""
    config, task, data, options = JOBS[request.param]()
    config, adapted = task.adapt(config.replace(dropout=0.0), data)
    found = Training(build(config, options), config, task, adapted, options, tmp_path_factory.mktemp("run"), verbose=0)
    found.prepare()
    from keras_dl.training.objective import compile_model

    compile_model(found.learner, config, options, 1, task)
    return found, data


def test_losses_are_those_of_the_definition(training):
    found, _ = training
    parts, arrange = {}, found.task.arrange(found.network)
    for batch in found.data.test.batches(16, arrange):
        x, y, told = keras.tree.map_structure(np.asarray, batch)
        outputs = keras.tree.map_structure(np.asarray, found.network(x))
        if not isinstance(y, dict):
            y, outputs, told = {"words": y}, {"words": outputs}, {"words": told}
        for name, target in y.items():
            logits = outputs[name] - np.log(np.exp(outputs[name]).sum(axis=-1, keepdims=True))
            where = told[name] == 1
            parts.setdefault(name, []).append((logits[where], target[where]))
    scores = found.evaluate(found.data.test)
    losses = {}
    for name, rows in parts.items():
        logits, target = (np.concatenate(part) for part in zip(*rows, strict=True))
        losses[name] = -logits[np.arange(len(target)), target].mean()
        prefix = "" if name == "words" else "next_"
        assert scores[f"{prefix}accuracy"] == pytest.approx(np.mean(logits.argmax(axis=1) == target))
        assert scores[f"{name}_loss"] == pytest.approx(losses[name], rel=1e-4)
    assert scores["loss"] == pytest.approx(sum(losses.values()), rel=1e-4)
    assert scores["perplexity"] == pytest.approx(np.exp(losses["words"]), rel=1e-4)


def test_sentences_that_follow_and_others():
    texts = [f"{word} comes. then {word}! " + " ".join(f"{word} {n}?" for n in range(40)) for word in WORDS]
    data = texts_alone(sentences_of(np.array(texts, object)))
    found = in_a_row(data)
    first, second, other = (found.train.columns[name].values for name in ("text", "second_text", "follows"))
    assert len(first) == 5 * 41 and (first[0], first[41]) == ("one comes.", "two comes.")
    after = [*first[1:], "red 39?"]
    ends = np.arange(len(first)) % 41 == 40
    same = np.array([one == two for one, two in zip(second, after, strict=True)])
    assert same[(other == 0) & ~ends].all() and abs(other.mean() - 0.5) < 0.01
    assert same[other == 1].mean() < 0.05 and len(set(second[other == 1])) > 60
    np.testing.assert_array_equal(second, in_a_row(data).train.columns["second_text"].values)


def test_one_long_text_is_read_line_by_line():
    columns = {"text": Column(kind="text")}
    split = Split({"text": np.array(["ACT I\n\nTo be\n or not\n"], object)})
    data = Data(spec=Spec(name="play", columns=columns), train=split, validation=split, test=split)
    assert texts_alone(data).train.columns["text"].values.tolist() == ["ACT I", "To be", "or not"]
    _, adapted = get_task("masked_language_modeling", vocabulary_size=60).adapt(get_config("bert_tiny"), data)
    assert adapted.spec.counts["train"] == 3 and [*adapted.spec.columns] == ["token_ids"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A saved network that has learned which word a text repeats, its data, and its folder."""
    config, task, _, options = JOBS["masked_language_modeling"]()
    data = sentences_of(np.array([" ".join([WORDS[place % 5]] * 4) for place in range(200)], object))
    options = dataclasses.replace(options, epochs=6, learning_rate=2e-3)
    config, task = config.replace(head_width=32, dropout=0.0), task.replace(share=0.3)
    job = Job(network=config, task=task, loading={}, options=options)
    folder = tmp_path_factory.mktemp("words")
    found = job.train(folder / "run", *task.adapt(job.network, data), verbose=0)
    found.save(folder / "model")
    return found, data, folder / "model"


def test_it_fills_in_what_is_hidden(trained):
    found, data, folder = trained
    predictor = Predictor(folder)
    asked = ["red [MASK] red", "ten [MASK] [MASK] ten"]
    one, two = (answer.value for answer in predictor.answers(*predictor.read(asked)))
    assert one["text"] == "red red red" and next(iter(one["probabilities"])) == "red"
    assert two["text"] == "ten ten ten ten"
    assert two["[MASK] 1"]["class"] == two["[MASK] 2"]["class"] == "ten"
    scores = evaluate(predictor, data)
    assert scores["loss"] == pytest.approx(found.evaluate(found.training.data.test)["loss"], rel=1e-5)


def test_classes_are_learned_from_what_it_knows(trained, tmp_path):
    _, _, folder = trained
    texts = np.array([" ".join([WORDS[place % 5]] * 3) for place in range(30)], object)
    columns = {"text": Column(kind="text"), "label": Column(kind="class", classes=2)}
    split = Split({"text": texts, "label": (np.arange(30) % 5 == 4).astype(int)})
    data = Data(spec=Spec(name="colours", columns=columns), train=split, validation=split, test=split)
    config = get_config("bert_tiny", blocks=1, length=8, heads=2, head_width=32, dropout=0.0)
    options = dataclasses.replace(JOBS["pairs"]()[-1], epochs=1)
    task = get_task("classification", vocabulary=str(folder))
    job = Job(network=config, task=task, loading={}, options=options, weights=str(folder))
    adapted = task.adapt(config, data)
    network = build(adapted[0], options, str(folder))
    assert (network.output_shape, adapted[0].head, adapted[0].length) == ((None, 2), "text", 5)
    donor = Predictor(folder).model
    for layer in ("embedding", "stage1_queries", "stage1_norm2"):
        for ours, theirs in zip(network.get_layer(layer).weights, donor.get_layer(layer).weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    positions = [np.asarray(model.get_layer("embedding_positions").positions) for model in (network, donor)]
    np.testing.assert_array_equal(positions[0], positions[1][:5])
    [row] = job.train(tmp_path / "run", *adapted, verbose=0).rows
    assert np.isfinite(row["loss"])
    strange = dataclasses.replace(job, task=get_task("classification", vocabulary_size=18))
    with pytest.raises(UsageError, match=r"knows texts by other tokens than those of colours; --task.vocabulary"):
        strange.train(tmp_path / "other", *strange.task.adapt(config, data), verbose=0)


def test_what_has_no_words_to_hide_is_refused(tmp_path):
    task = get_task("masked_language_modeling")
    with pytest.raises(UsageError, match="masked_language_modeling needs a column of text; digits has image"):
        task.adapt(get_config("bert_tiny"), load("digits"))
    _, _, data, _ = JOBS["masked_language_modeling"]()
    with pytest.raises(UsageError, match="is for networks of both directions, such as bert_tiny; not kim_cnn"):
        task.adapt(get_config("kim_cnn"), data)
    words = Vocabulary.of(["one two"], "words")
    column = Column(kind="tokens", shape=(5,), classes=len(words), vocabulary=words.to_json())
    like = Spec(name="other", columns={"token_ids": column})
    with pytest.raises(UsageError, match=r"needs a vocabulary with \[MASK\], such as BERT's; this one is of words"):
        task.encoded(get_config("bert_tiny"), data, like)
    with pytest.raises(UsageError, match="have one sentence each: nothing follows; leave next_sentence out"):
        task.replace(next_sentence=True).adapt(get_config("bert_tiny"), data)
