"""The next token of one long text, or of many: the loss by its formula, pads that count nothing, texts gone on with."""

import numpy as np
import pytest
import tokenizers
from jobs import JOBS, WORDS

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.vocabulary import BEGIN, END, PAD, Vocabulary
from keras_dl.lazy import tf
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.job import Job
from keras_dl.training.loop import Training
from keras_dl.use.evaluate import evaluate
from keras_dl.use.predictor import Predictor
from keras_dl.use.texts import read_texts


def train(name, folder, **options):
    """A training of the job `name`, and the data as they were loaded."""
    config, task, raw, _ = JOBS[name]()
    config, data = task.adapt(config, raw)
    options = Options(batch_size=16, learning_rate=1e-2, **options)
    training = Training(build(config, options), config, task, data, options, folder, verbose=0)
    training.run()
    return training, raw


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    return train("language_modeling", tmp_path_factory.mktemp("long"), epochs=12)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return train("language_of_sentences", tmp_path_factory.mktemp("many"), epochs=12)


def mean_nats(network, windows):
    """Of all tokens of `windows`, ids (length + 1,) or fewer, but the first of each, from those before it."""
    length = network.input_shape[1]
    ids = np.array([np.pad(window, (0, length + 1 - len(window))) for window in windows])
    logits = network.predict(ids[:, :-1], verbose=0).astype("float64")
    losses = np.log(np.exp(logits).sum(axis=-1)) - np.take_along_axis(logits, ids[:, 1:, None], axis=-1)[..., 0]
    return np.mean(np.concatenate([row[: len(window) - 1] for row, window in zip(losses, windows, strict=True)]))


def test_the_loss_is_the_mean_of_all_tokens_of_the_text_but_the_first(long):
    training, raw = long
    [text] = raw.test.columns["text"].values
    [ids] = Vocabulary.from_json(training.data.spec.columns["token_ids"].vocabulary).encode_ragged([text])
    length = training.config.length
    assert (len(ids) - 1) % length, "the last window is padded"
    expected = mean_nats(training.network, [ids[n : n + length + 1] for n in range(0, len(ids) - 1, length)])
    found = training.evaluate(training.data.test)
    assert found["loss"] == pytest.approx(expected, rel=1e-5)
    assert found["perplexity"] == pytest.approx(np.exp(expected), rel=1e-5)
    assert found.keys() == {"loss", "accuracy", "perplexity"}
    assert found["loss"] < 0.6, "one letter follows almost every other"


def test_pads_of_texts_count_nothing(many):
    training, raw = many
    vocabulary = Vocabulary.from_json(training.data.spec.columns["token_ids"].vocabulary)
    windows = vocabulary.encode_ragged(raw.test.columns["text"].values, bounded=True)
    expected = mean_nats(training.network, [ids[: training.config.length + 1] for ids in windows])
    assert training.evaluate(training.data.test)["loss"] == pytest.approx(expected, rel=1e-5)
    assert training.data.notices == ("72 of 288 texts were cut to 13 tokens",)


def test_smoothing_changes_what_is_learned_and_not_what_is_measured(many):
    training, _ = many
    options = Options(label_smoothing=0.2)
    learner = training.task.learner(training.network, training.config, options)
    y, logits = np.array([[4, 5]]), np.random.default_rng(0).normal(size=(1, 2, 9)).astype("float32")
    smooth, sharp = (learner.named_losses(None, y, logits, None, own)["cross_entropy"] for own in (True, False))
    shares = np.log(np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True))[0]
    assert float(sharp) == pytest.approx(-np.mean([shares[0, 4], shares[1, 5]]), rel=1e-5)
    assert float(smooth) == pytest.approx(0.8 * float(sharp) - 0.2 * shares.mean(), rel=1e-5)


def batches(training, key=None, count=6):
    split = training.data.train
    batch = {name: tf.constant(source.take(np.arange(count))) for name, source in split.columns.items()}
    return training.task.prepare(batch, key)


def test_windows_begin_anywhere_in_training_and_lie_side_by_side_in_evaluation(long):
    training, raw = long
    [text] = raw.train.columns["text"].values
    [ids] = Vocabulary.from_json(training.data.spec.columns["token_ids"].vocabulary).encode_ragged([text])
    length = training.config.length
    x, y, weights = batches(training)
    np.testing.assert_array_equal(np.ravel(x["token_ids"]), ids[: 6 * length])
    np.testing.assert_array_equal(np.ravel(y), ids[1 : 6 * length + 1])
    assert np.all(weights == 1)
    starts = set()
    for seed in range(20):
        x, y, _ = batches(training, tf.constant([seed, 3], "int64"))
        again, _, _ = batches(training, tf.constant([seed, 3], "int64"))
        np.testing.assert_array_equal(x["token_ids"], again["token_ids"])
        for place, (one, other) in enumerate(zip(x["token_ids"].numpy(), y.numpy(), strict=True)):
            np.testing.assert_array_equal(one[1:], other[:-1])
            both = [*one, other[-1]]
            own = range(place * length, (place + 1) * length)
            found = [start for start in own if ids[start : start + length + 1].tolist() == both]
            assert found, "a window of the text that begins within its own length"
            starts |= {start % length for start in found if len(found) == 1}
    assert len(starts) == length


@pytest.mark.parametrize("name", ["long", "many"])
def test_no_answer_sees_what_it_is_to_tell(name, request):
    training, _ = request.getfixturevalue(name)
    x, y, weights = batches(training, tf.constant([0, 0], "int64"))
    tokens, place = x["token_ids"].numpy(), 3
    changed = tokens.copy()
    changed[:, place + 1 :] = 4
    before, after = (training.network.predict(one, verbose=0) for one in (tokens, changed))
    np.testing.assert_allclose(before[:, : place + 1], after[:, : place + 1], rtol=1e-5, atol=1e-5)
    assert np.abs(before[:, place + 1 :] - after[:, place + 1 :]).max() > 1e-3
    assert np.all((weights.numpy() == 1) == (y.numpy() != PAD))


def test_a_saved_model_goes_on_with_texts(tmp_path):
    config, task, data, _ = JOBS["language_modeling"]()
    options = Options(epochs=25, batch_size=16, learning_rate=1e-2)
    job = Job(network=config, task=task.replace(temperature=0.0, written=13), loading={}, options=options)
    trained = job.train(tmp_path / "run", *task.adapt(config, data), verbose=0)
    trained.save(tmp_path / "model")
    predictor = Predictor(tmp_path / "model")
    prompts = ["ten red", "two six"]
    answers = [answer.value["text"] for answer in predictor.answers(*predictor.read(prompts))]
    assert answers[0] == "ten red one two six ten"[: len(prompts[0]) + 13]
    assert answers[1] == "two six ten red one "
    own = job.task.answers(trained.network, trained.training.config, predictor.read(prompts)[1], predictor.spec)
    assert [one["text"] for one in own] == answers
    scores = trained.evaluate(trained.training.data.test)
    assert evaluate(predictor, data)["loss"] == pytest.approx(scores["loss"], rel=1e-6)


def test_answers_are_drawn_by_the_seed_and_end_where_texts_do(many):
    training, _ = many
    spec, network, config = training.data.spec, training.network, training.config
    vocabulary = Vocabulary.from_json(spec.columns["token_ids"].vocabulary)
    _, inputs = read_texts(["re", "s"] * 20, spec)
    hot = training.task.replace(temperature=3.0)
    answers = hot.answers(network, config, inputs, spec)
    assert answers == hot.answers(network, config, inputs, spec)
    assert answers != hot.replace(answer_seed=1).answers(network, config, inputs, spec)
    assert answers != hot.replace(top_k=1).answers(network, config, inputs, spec)
    cold = training.task.replace(temperature=0.0).answers(network, config, inputs, spec)
    assert hot.replace(top_k=1).answers(network, config, inputs, spec) == cold
    for answer, prompt in zip(cold, ["re", "s"] * 20, strict=True):
        assert answer["text"].startswith(prompt) and len(answer["text"]) <= len(prompt) + 8
        assert "\ufffd" not in answer["text"]
    assert {answer["text"].split()[0] for answer in cold} <= set(WORDS)
    assert END not in vocabulary.encode([cold[0]["text"]], 20)


def test_a_published_vocabulary_takes_the_place_of_the_pieces(tmp_path):
    config, task, data, _ = JOBS["language_modeling"]()
    theirs = tokenizers.ByteLevelBPETokenizer()
    theirs.train_from_iterator(["one two six ten red"] * 9, vocab_size=270, special_tokens=["<|endoftext|>"])
    theirs.save_model(str(tmp_path))
    _, adapted = task.replace(vocabulary=str(tmp_path / "vocab.json")).adapt(config, data)
    found = Vocabulary.from_json(adapted.spec.columns["token_ids"].vocabulary)
    assert found.pieces == "gpt2" and len(found) == adapted.spec.columns["token_ids"].classes == theirs.get_vocab_size()
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]
    (tmp_path / "vocab.txt").write_text("\n".join(tokens))
    with pytest.raises(UsageError, match="wordpiece does not give texts back as they were"):
        task.replace(vocabulary=str(tmp_path / "vocab.txt")).adapt(config, data)


@pytest.mark.parametrize(("name", "begun"), [("long", []), ("many", [BEGIN])])
def test_of_a_prompt_longer_than_the_network_its_last_tokens_are_kept(name, begun, request, capsys):
    training, _ = request.getfixturevalue(name)
    spec, length = training.data.spec, training.config.length
    vocabulary = Vocabulary.from_json(spec.columns["token_ids"].vocabulary)
    prompts = ["one two six ten red one", "ten", "~"]
    _, inputs = read_texts(prompts, spec)
    expected = [[*begun, *ids][-length:] for ids in vocabulary.encode_ragged(prompts)]
    assert [row[row >= 0].tolist() for row in inputs["token_ids"]] == expected
    assert np.all(np.diff((inputs["token_ids"] < 0).astype(int)) >= 0), "pads stand behind"
    assert f"1 of 3 texts were cut to their last {length} tokens" in capsys.readouterr().err
    answers = training.task.answers(training.network, training.config, inputs, spec)
    assert answers[0]["text"].startswith(vocabulary.decode(expected[:1])[0])


def test_what_is_no_text_and_what_tells_no_tokens_is_refused(tmp_path):
    task = get_task("language_modeling")
    with pytest.raises(
        UsageError, match=r"language_modeling needs a column of text; digits has image \(image\), label"
    ):
        task.adapt(get_config("gpt2_small"), load("digits"))
    _, _, data, options = JOBS["language_modeling"]()
    with pytest.raises(UsageError, match="is for networks that take tokens, such as gpt2_small; not mlp"):
        task.adapt(get_config("mlp"), data)
    config, adapted = task.adapt(get_config("kim_cnn", length=8, embedding_width=4, maps=2, windows=(2,)), data)
    with pytest.raises(UsageError, match=r"tells no next token: its output must be \(8, \d+\), it is"):
        Training(build(config, options), config, task, adapted, options, tmp_path, verbose=0).run()


@pytest.mark.parametrize("changes", [{"temperature": 0.0}, {"temperature": 2.0, "top_p": 0.9}, {"beam_width": 3}])
def test_what_is_streamed_is_the_answer(many, changes):
    training, _ = many
    spec, network, config = training.data.spec, training.network, training.config
    _, inputs = read_texts(["re"], spec)
    task = training.task.replace(written=30, **changes)
    parts = [*task.streamed(network, config, inputs, spec)]
    assert "".join(parts) == task.answers(network, config, inputs, spec)[0]["text"]
    assert "beam_width" in changes or (parts[0] and len(parts) > 1)


def test_a_letter_is_streamed_once_all_its_bytes_are_there(monkeypatch):
    from keras_dl import decoding

    vocabulary = Vocabulary.of(["a\u00e4\u20aca"] * 3, "bpe", size=260)
    [ids] = vocabulary.encode_ragged(["a\u00e4\u20aca\u00e4"])
    parts = [ids[None, :count] for count in range(1, len(ids))]
    monkeypatch.setattr(decoding, "streaming", lambda *_, **__: parts)
    task = get_task("language_modeling")
    monkeypatch.setattr(type(task), "_begun", lambda *_: (vocabulary, ids[None, :1], np.array([1], "int32"), None))
    monkeypatch.setattr(type(task), "_next_logits", lambda *_: None)
    found = [*task.streamed(None, None, None, None)]
    assert found == ["a", "", "\u00e4", "", "", "\u20ac", "a", "", "\ufffd"]
