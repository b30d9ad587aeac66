"""Translation: the loss by its formula, whole translations, their score, and where the network looked."""

import dataclasses

import numpy as np
import pytest
import sacrebleu
import tokenizers
from jobs import JOBS

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.spec import Column, Spec
from keras_dl.data.tokenized import with_masks
from keras_dl.data.vocabulary import BEGIN, END, Vocabulary
from keras_dl.lazy import tf
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.job import Job
from keras_dl.use.evaluate import evaluate
from keras_dl.use.predictor import Predictor

COLUMNS = ("source_token_ids", "target_token_ids")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A job that has been trained, its data as they were loaded, and the folder of the saved model."""
    config, task, data, _ = JOBS["translation"]()
    options = Options(epochs=60, batch_size=16, learning_rate=1e-2, schedule="cosine")
    folder = tmp_path_factory.mktemp("translation")
    trained = Job(network=config, task=task, loading={}, options=options).train(
        folder / "run", *task.adapt(config, data), verbose=0
    )
    trained.save(folder / "model")
    return trained, data, folder / "model"


def test_sentences_are_translated_by_the_saved_model(made):
    trained, data, folder = made
    predictor = Predictor(folder)
    sources = ["one two", "red ten six", "six"]
    answers = [answer.value["text"] for answer in predictor.answers(*predictor.read(sources))]
    assert answers == ["TWO ONE", "SIX TEN RED", "SIX"]
    inputs = {"source_token_ids": trained.training.data.test.columns["source_token_ids"].values}
    own = trained.job.task.answers(trained.network, trained.training.config, inputs, predictor.spec)
    assert own == predictor.task.answers(predictor.model, predictor.config, inputs, predictor.spec)
    right = data.test.columns["target"].values
    assert np.mean([answer["text"] == text for answer, text in zip(own, right, strict=True)]) > 0.9
    beams = predictor.task.replace(beam_width=3).answers(predictor.model, predictor.config, inputs, predictor.spec)
    assert np.mean([answer["text"] == text for answer, text in zip(beams, right, strict=True)]) > 0.9


def test_the_scores_are_means_over_tokens_and_that_of_sacrebleu(made):
    trained, data, folder = made
    split, spec = trained.training.data.test, trained.training.data.spec
    found = trained.evaluate(split)
    ids = split.columns["target_token_ids"].values
    assert set(ids[:, 0].tolist()) == {BEGIN} and all(END in row for row in ids.tolist())
    inputs = with_masks({"source_token_ids": split.columns["source_token_ids"].values, "target_token_ids": ids[:, :-1]})
    logits = trained.network.predict(trained.job.task.taken(trained.network, inputs), verbose=0).astype("float64")
    losses = np.log(np.exp(logits).sum(axis=-1)) - np.take_along_axis(logits, ids[:, 1:, None], axis=-1)[..., 0]
    there = ids[:, 1:] != 0
    assert found["loss"] == pytest.approx(losses[there].mean(), rel=1e-4)
    assert found["accuracy"] == pytest.approx(np.mean((logits.argmax(axis=-1) == ids[:, 1:])[there]), rel=1e-5)
    columns = {"source_token_ids": split.columns["source_token_ids"].values}
    written = [one["text"] for one in trained.job.task.answers(trained.network, trained.training.config, columns, spec)]
    bleu = sacrebleu.BLEU()
    right = [data.test.columns["target"].values.tolist()]
    assert found["bleu"] == pytest.approx(bleu.corpus_score(written, right).score)
    signature = str(bleu.get_signature()).partition("|version")[0]
    assert signature == "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp"
    assert evaluate(folder, data)["bleu"] == pytest.approx(found["bleu"])


def test_no_token_is_told_from_itself_or_what_follows(made):
    trained, _, _ = made
    batch = {name: tf.constant(source.values) for name, source in trained.training.data.test.columns.items()}
    x, y, weights = trained.job.task.prepare(batch, None)
    np.testing.assert_array_equal(x["target_token_ids"][:, 1:], y[:, :-1])
    np.testing.assert_array_equal(weights, y.numpy() != 0)
    np.testing.assert_array_equal(x["source_padding_mask"], batch["source_token_ids"].numpy() != 0)
    target, place = x["target_token_ids"].numpy(), 1
    changed = target.copy()
    changed[:, place + 1 :] = 4
    inputs = [trained.job.task.taken(trained.network, {**x, "target_token_ids": one}) for one in (target, changed)]
    before, after = (trained.network.predict(one, verbose=0) for one in inputs)
    np.testing.assert_allclose(before[:, : place + 1], after[:, : place + 1], rtol=1e-5, atol=1e-5)
    assert np.abs(before - after).max() > 1e-2


@pytest.mark.filterwarnings("error")
def test_the_picture_shows_where_the_network_looked(made, tmp_path):
    trained, _, _ = made
    data = trained.training.data
    task, config = trained.job.task, trained.training.config
    assert task.draw(trained.network, config, data.test, data.spec, tmp_path / "attention.png")
    assert (tmp_path / "attention.png").stat().st_size > 5000


def test_texts_are_wanted_in_two_columns_and_a_network_for_them():
    task, (config, _, data, _) = get_task("translation"), JOBS["translation"]()
    vocabulary = task.replace(vocabulary_size=300).adapt(config, data)[1].spec.columns["target_token_ids"].vocabulary
    assert Vocabulary.from_json(vocabulary).pieces == "bpe"
    with pytest.raises(UsageError, match=r"translation needs a column of text; digits has image \(image\), label"):
        task.adapt(config, load("digits"))
    sentences = JOBS["language_of_sentences"]()[2]
    with pytest.raises(UsageError, match="needs two columns of texts, source and target; toy has text"):
        task.adapt(config, sentences)
    with pytest.raises(UsageError, match="is for networks of two texts, such as seq2seq_attention; not gpt"):
        task.adapt(get_config("gpt2_small"), data)


def test_a_network_is_no_longer_than_the_longest_training_texts():
    config, task, data, _ = JOBS["translation"]()
    texts = data.train.take(range(8))
    few = dataclasses.replace(data, train=texts)
    own, adapted = task.adapt(config.replace(source_length=40, target_length=50), few)
    lengths = [(adapted.train.columns[name].values != 0).sum(axis=1).max() for name in COLUMNS]
    assert [own.source_length, own.target_length + 1] == lengths
    for split in (adapted.train, adapted.validation, adapted.test):
        assert [split.columns[name].shape for name in COLUMNS] == [(length,) for length in lengths]
    assert task.adapt(config.replace(source_length=3, target_length=2), few)[0].source_length == 3
    again = task.encoded(own, few, like=adapted.spec)
    assert [again.spec.columns[name].shape for name in COLUMNS] == [(length,) for length in lengths]


def test_the_transformer_shares_one_vocabulary_and_learns_to_translate(tmp_path):
    _, task, data, _ = JOBS["translation"]()
    config = get_config(
        "transformer_base", width=32, heads=2, units=64, blocks=1, source_length=6, target_length=6, dropout=0.0
    )
    options = Options(epochs=60, batch_size=16, learning_rate=3e-3, schedule="cosine")
    job = Job(network=config, task=task, loading={}, options=options)
    trained = job.train(tmp_path / "run", *task.adapt(config, data), verbose=0)
    spec = trained.training.data.spec
    source, target = (spec.columns[f"{side}_token_ids"] for side in ("source", "target"))
    assert source.vocabulary == target.vocabulary and trained.training.config.vocabulary_size == source.classes
    trained.save(tmp_path / "model")
    predictor = Predictor(tmp_path / "model")
    sources, right = (data.test.columns[side].values.tolist() for side in ("source", "target"))
    answers = predictor.answers(*predictor.read(sources))
    assert np.mean([answer.value["text"] == text for answer, text in zip(answers, right, strict=True)]) > 0.9
    assert task.draw(trained.network, trained.training.config, trained.training.data.test, spec, tmp_path / "map.png")


@pytest.fixture
def long():
    """The job with room for sentences in bytes."""
    config, task, data, _ = JOBS["translation"]()
    return config.replace(source_length=30, target_length=30), task, data


def test_published_vocabularies_take_the_place_of_the_pieces(long, tmp_path):
    config, task, data = long
    files = []
    for name, text, size in (("source", "one two six ten red", 270), ("target", "ONE TWO SIX TEN RED", 268)):
        theirs = tokenizers.ByteLevelBPETokenizer()
        theirs.train_from_iterator([text] * 9, vocab_size=size, special_tokens=["<|endoftext|>"], show_progress=False)
        files.append(str(tmp_path / f"{name}.json"))
        theirs.save(files[-1])
    for given, sizes in ((files, (270, 268)), (files[:1], (270, 270))):
        own, adapted = task.replace(vocabulary=given).adapt(config, data)
        found = [Vocabulary.from_json(adapted.spec.columns[name].vocabulary) for name in COLUMNS]
        assert [len(one) for one in found] == [size + 3 for size in sizes], "their one special token is ours, of four"
        assert [own.source_vocabulary_size, own.target_vocabulary_size] == [*map(len, found)]
        ids = [adapted.test.columns[name].values for name in COLUMNS]
        texts = [vocabulary.decode(rows) for vocabulary, rows in zip(found, ids, strict=True)]
        assert texts == [data.test.columns[name].values.tolist() for name in ("source", "target")]
    with pytest.raises(UsageError, match="vocabulary must be one file or two, got"):
        task.replace(vocabulary=files * 2)
    together = get_config("transformer_base", width=8, heads=2, blocks=1, units=8, source_length=40, target_length=40)
    with pytest.raises(UsageError, match="this network has one table for both languages; got 2 vocabularies"):
        task.replace(vocabulary=files).adapt(together, data)
    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]))
    with pytest.raises(UsageError, match="wordpiece does not give texts back as they were"):
        task.replace(vocabulary=(str(tmp_path / "vocab.txt"),)).adapt(config, data)


def test_texts_stand_between_the_published_tokens_of_their_ends(long):
    """With LLaMA's vocabulary the beginning is 1 and the end 2."""
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    vocabulary = Vocabulary(pieces="llama", tokens=(*special, *sorted(set("onetwsixrdONETWSIXRD\u2581"))))
    column = Column(kind="tokens", shape=(3,), classes=len(vocabulary), vocabulary=vocabulary.to_json())
    config, task, data = long
    found = task.encoded(config, data, Spec(name="toy", columns=dict.fromkeys(COLUMNS, column)))
    targets = found.test.columns[COLUMNS[1]].values
    assert set(targets[:, 0]) == {1} and all(2 in row for row in targets.tolist())
    config = config.replace(biases=True).for_data(found.spec)
    network = config.build()
    ends = np.where(np.arange(len(vocabulary)) == 2, 99.0, 0.0)
    network.get_layer("decoder").get_layer("decoder_head").bias.assign(ends)
    inputs = {COLUMNS[0]: found.test.columns[COLUMNS[0]].values[:2]}
    assert task.answers(network, config, inputs, found.spec) == [{"text": ""}] * 2, "it ends at once"
