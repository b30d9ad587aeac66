"""Word vectors: which pairs are drawn, how often, and what the vectors know."""

import dataclasses

import numpy as np
import pytest
from jobs import JOBS, sentences_of

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.vocabulary import SPECIAL, Vocabulary
from keras_dl.data.word_windows import WINDOW, kept
from keras_dl.lazy import tf
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.job import Job
from keras_dl.use.predict import Predict

KINDS = [{"red", "blue", "green", "black"}, {"cat", "dog", "bird", "fish"}]
OPTIONS = Options(epochs=15, batch_size=32, learning_rate=2e-2, schedule="linear")


def trained(task, folder):
    config, _, data, _ = JOBS["word_vectors"]()
    job = Job(network=config, task=task, loading={}, options=OPTIONS)
    return job.train(folder / "run", *task.adapt(config, data), verbose=0)


@pytest.fixture(scope="module", params=["skip_gram", "cbow"])
def made(request, tmp_path_factory):
    task = JOBS["word_vectors"]()[1].replace(context=request.param)
    folder = tmp_path_factory.mktemp("words")
    done = trained(task, folder)
    done.save(folder / "model")
    return done, folder / "model"


def test_neighbours_are_of_the_same_kind(made, capsys):
    done, folder = made
    for kind in KINDS:
        for word in kind:
            [answer] = keras_dl.predict(folder, word)
            assert set([*answer.value["neighbours"]][:3]) == kind - {word}
    [answer] = Predict(model=str(folder), inputs=("red - cat + Dog",)).run()
    assert next(iter(answer.value["neighbours"])) in KINDS[0] - {"red"}
    assert "blue" in capsys.readouterr().out
    table = done.network.get_layer("embedding").embeddings.numpy()
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    ids = Vocabulary.from_json(done.training.data.spec.columns[WINDOW].vocabulary).encode_ragged(["red cat dog"])[0]
    direction = unit[ids[0]] - unit[ids[1]] + unit[ids[2]]
    cosines = unit @ direction / np.linalg.norm(direction)
    best = max(set(range(SPECIAL, len(cosines))) - set(ids), key=lambda one: cosines[one])
    assert max(answer.value["neighbours"].values()) == pytest.approx(cosines[best], abs=1e-4)


def test_the_picture_shows_the_words(made, tmp_path):
    done, _ = made
    data = done.training.data
    assert done.job.task.draw(done.network, done.training.config, data.test, data.spec, tmp_path / "words.png")
    assert (tmp_path / "words.png").stat().st_size > 5000


def drawn(text, key=0, batches=120, **options):
    """All that `prepare` makes of the first word windows of `text`, many times, as words."""
    task = get_task("word_vectors", least=1, sample=None, **options)
    config, data = task.adapt(get_config("word2vec_sgns", width=16), sentences_of(np.array(text, object)))
    names = Vocabulary.from_json(data.spec.columns[WINDOW].vocabulary)
    batch = {WINDOW: tf.constant(data.test.columns[WINDOW].values)}
    told = task.for_data(data.spec)
    found = [told.prepare(batch, tf.constant([key, number], "int64")) for number in range(batches)]
    x = {name: np.stack([one[0][name] for one in found]) for name in found[0][0]}
    y, weights = (np.stack([one[place] for one in found]) for place in (1, 2))
    return names, config, x, y, weights


def test_skip_gram_pairs_are_of_near_words_the_nearest_most_often():
    names, config, x, y, weights = drawn(["one two six ten red"], window=3, negatives=2)
    assert x["token_ids"].shape[1:] == (5, 1) and x["target_token_ids"].shape[1:] == (5, config.targets) == (5, 18)
    text, order = ["one", "two", "six", "ten", "red"], {}
    for row in range(5):
        right = x["target_token_ids"][:, row][(y[:, row] * weights[:, row]) > 0]
        counts = {word: np.sum(right == names.encode_ragged([word])[0][0]) / len(y) for word in text}
        for word, count in counts.items():
            order.setdefault(abs(text.index(word) - row), []).append(count)
    for distance, share in {0: 0, 1: 1, 2: 2 / 3, 3: 1 / 3, 4: 0}.items():
        np.testing.assert_allclose(order[distance], share, atol=0.12)


def test_cbow_takes_the_same_words_together():
    names, config, x, y, weights = drawn(["one two six ten red", "six"], window=2, negatives=4, context="cbow")
    assert (config.inputs, config.targets) == (4, 5)
    around = x["token_ids"][:, 2]
    told = [set(names.decode([row])[0].split()) for row in around]
    assert {frozenset(one) for one in told} == {frozenset(["two", "ten"]), frozenset(["one", "two", "ten", "red"])}
    assert not weights[:, 5].any() and not x["token_ids"][:, 5].any()
    np.testing.assert_array_equal(y[..., 0], 1)


def test_what_is_drawn_follows_the_counts_and_never_counts_as_wrong_what_is_right():
    words = ["a"] * 80 + ["b"] * 16 + ["c"] * 4
    _, _, x, y, weights = drawn([" ".join(words)], window=1, negatives=5)
    targets = x["target_token_ids"].reshape(*y.shape[:2], 2, 6)
    false = targets[..., 1:]
    shares = np.bincount(false.ravel(), minlength=SPECIAL + 3)[SPECIAL:] / false.size
    expected = np.array([80, 16, 4]) ** 0.75
    np.testing.assert_allclose(shares, expected / expected.sum(), atol=0.01)
    weights = weights.reshape(targets.shape)
    there = targets[..., :1] > 0
    np.testing.assert_array_equal(weights[..., 1:], there & (false != targets[..., :1]))
    np.testing.assert_array_equal(weights[..., :1], there)


def test_windows_reach_over_words_that_are_thinned_out():
    texts = ["x one x x two x six x x ten x red".replace("x", "the")] * 50
    task = get_task("word_vectors", least=1, sample=1e-3, window=2)
    _, data = task.adapt(get_config("word2vec_sgns", width=16), sentences_of(np.array(texts, object)))
    counts = np.array(data.spec.columns[WINDOW].counts)
    share = kept(counts, 1e-3)
    np.testing.assert_allclose(share[SPECIAL], np.sqrt(1e-3 / (counts[SPECIAL] / counts.sum())))
    told = task.for_data(data.spec)
    object.__setattr__(told, "_kept", np.where(np.arange(len(counts)) == SPECIAL, 0, 1).astype("float32"))
    x, y, weights = told.prepare({WINDOW: tf.constant(data.test.columns[WINDOW].values[:12])}, tf.constant([0, 3]))
    names = Vocabulary.from_json(data.spec.columns[WINDOW].vocabulary)
    right = x["target_token_ids"].numpy()[(y * weights).numpy() > 0]
    assert "the" not in names.decode([right])[0].split() and len(right) > 12
    first = x["target_token_ids"].numpy()[1][(y * weights).numpy()[1] > 0]  # of "one", between "the"s
    assert set(names.decode([first])[0].split()) <= {"two", "six"}


def test_words_that_tell_come_as_often_as_they_are_kept():
    texts = np.array(["the cat the dog the bird the fish"] * 40, object)
    task = get_task("word_vectors", least=1, sample=0.05)
    _, data = task.adapt(get_config("word2vec_sgns", width=16), sentences_of(texts))
    counts = np.array(data.spec.columns[WINDOW].counts)
    middle = data.train.columns[WINDOW].values[:, data.train.shape[0] // 2]
    taken = [middle[data.train.drawn.batch(64, 0, epoch, step)] for epoch in range(4) for step in range(20)]
    shares = np.bincount(np.concatenate(taken), minlength=len(counts)) / (64 * 80)
    expected = kept(counts, 0.05) * counts
    np.testing.assert_allclose(shares, expected / expected.sum(), atol=0.02)
    again = data.train.drawn.batch(64, 0, 3, 19)
    np.testing.assert_array_equal(middle[again], taken[-1])
    assert data.test.drawn is None and data.validation.drawn is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("reed", "the model has no vector of 'reed'; did you mean red"),
        ("red -", None),
        ("", "a sum has 1 to 13 words, got 0"),
        ("two words", "the model has no vector of 'two'"),
    ],
)
def test_sums_that_cannot_be(made, words, message):
    if message is None:
        assert keras_dl.predict(made[1], [words])
        return
    with pytest.raises(UsageError, match=message):
        keras_dl.predict(made[1], [words])


def test_data_and_networks_that_do_not_fit():
    config, task, data, _ = JOBS["word_vectors"]()
    with pytest.raises(UsageError, match="needs a column of text; digits has image"):
        task.adapt(config, load("digits"))
    with pytest.raises(UsageError, match="is for networks such as word2vec_sgns; not gpt"):
        task.adapt(get_config("gpt2_small"), data)
    with pytest.raises(UsageError, match="toy has 0 words that stand there 1000 times or more; two are needed"):
        dataclasses.replace(task, least=1000).adapt(config, data)
