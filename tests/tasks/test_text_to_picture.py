"""Pictures from captions: losses by formula, which part learns when, codes token by token, answers."""

import dataclasses

import keras
import numpy as np
import pytest
from jobs import JOBS, OPTIONS

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.captions import TARGET
from keras_dl.learning.captioned_codes import placed
from keras_dl.tasks import get_task
from keras_dl.tasks.discrete_autoencoding import codes_of, made_of
from keras_dl.training.objective import compile_model

GENERATOR = np.random.default_rng(0)


@pytest.fixture(scope="module")
def adapted():
    config, task, data, _ = JOBS["text_to_picture"]()
    return task, *task.adapt(config, data)


def batch_of(config, data, count=4):
    few = data.train.take(range(count))
    return {"image": few.inputs(), "token_ids": few.columns[TARGET].values}


def test_coloured_digits_are_what_their_captions_say():
    data = load("coloured_digits")
    digits = load("digits")
    assert data.spec.counts == digits.spec.counts
    pictures, captions = data.test.inputs(), data.test.columns["captions"].values[:, 0]
    assert captions[0].split()[0] == "a" and len({*captions}) > 50
    shape = (digits.test.inputs() / 255 * 240).round()
    white = [place for place, caption in enumerate(captions) if "white" in caption]
    np.testing.assert_allclose(pictures[white], np.repeat(shape[white], 3, axis=-1), atol=1)
    red = [place for place, caption in enumerate(captions) if "red" in caption]
    assert pictures[red][..., 0].sum() > 4 * pictures[red][..., 2].sum()


def test_losses_are_those_of_the_paper(adapted):
    task, config, data = adapted
    keras.utils.set_random_seed(0)
    network = config.build()
    learner = task.learner(network, config, OPTIONS)
    x = batch_of(config, data)
    (_, _, autoencode), (_, _, tell) = learner.turns(x, None, None, False)
    codes = codes_of(network, x["image"])
    again = network.get_layer("decoder")(np.eye(config.codes, dtype="float32")[codes]).numpy()
    assert float(autoencode) == pytest.approx(np.mean(((again - x["image"]) / 127.5) ** 2), rel=1e-4)
    text, codes = placed(x["token_ids"], config.words).numpy(), codes.reshape(4, -1)
    tokens = np.concatenate([text, config.words + codes[:, :-1]], axis=1).astype("int32")
    logits = network.get_layer("transformer")(tokens).numpy()
    losses = []
    for place in range(tokens.shape[1]):
        word = place < config.length
        own = logits[:, place, : config.words] if word else logits[:, place, config.words :]
        right = text[:, place + 1] if word else codes[:, place - config.length]
        shares = np.exp(own) / np.exp(own).sum(axis=1, keepdims=True)
        losses.append(-np.log(shares[np.arange(4), right]))
    expected = (np.mean(losses[: config.length]) + 7 * np.mean(losses[config.length :])) / 8
    assert float(tell) == pytest.approx(expected, rel=1e-4)


def test_pads_have_a_token_for_each_place():
    found = placed(np.array([[2, 5, 3, 0, 0]], "int32"), 14).numpy()
    np.testing.assert_array_equal(found, [[2, 5, 3, 12, 13]])


def test_the_autoencoder_learns_first_and_stays_then(adapted):
    task, config, data = adapted
    network = config.build()
    options = dataclasses.replace(OPTIONS, epochs=1, schedule="constant")
    learner = task.learner(network, config, options)
    compile_model(learner, config, options, 4, task)
    assert learner.first == 2
    x, y = batch_of(config, data), np.zeros(4, "float32")
    for step in range(4):
        before = {part: [one.numpy() for one in network.get_layer(part).weights] for part in task.parts}
        logged = learner.train_on_batch(x, y, return_dict=True)
        moved = {
            part: any(np.any(old != new) for old, new in zip(values, network.get_layer(part).weights, strict=True))
            for part, values in before.items()
        }
        assert moved == {"encoder": step < 2, "decoder": step < 2, "transformer": step >= 2}
        assert (logged["token_loss"] > 0) == (step >= 2)


def test_codes_are_those_that_the_whole_network_tells_place_by_place(adapted):
    task, config, data = adapted
    keras.utils.set_random_seed(1)
    network = config.build()
    transformer = network.get_layer("transformer")
    captions = data.test.columns[TARGET].values[:3]
    found = task.replace(temperature=0.0).drawn(network, config, captions)
    tokens = placed(captions, config.words).numpy()
    cells = config.side**2
    for place in range(cells):
        padded = np.pad(tokens, ((0, 0), (0, config.length + cells - tokens.shape[1])))
        told = transformer(padded.astype("int32")).numpy()[:, config.length + place, config.words :]
        if place + 1 < cells:
            tokens = np.concatenate([tokens, config.words + told.argmax(axis=1)[:, None]], axis=1)
        else:
            last = told.argmax(axis=1)[:, None]
    codes = np.concatenate([tokens[:, config.length + 1 :] - config.words, last], axis=1)
    np.testing.assert_array_equal(found, made_of(network, config, codes.reshape(3, config.side, config.side)))


def test_what_is_drawn_depends_on_the_seed_alone(adapted):
    task, config, data = adapted
    network = config.build()
    inputs = {TARGET: data.test.columns[TARGET].values[:3]}
    once, again, other = (
        task.replace(answer_seed=seed).answers(network, config, inputs, data.spec) for seed in (0, 0, 1)
    )
    assert once == again and once != other
    assert [*task.questions(data.spec).columns] == [TARGET]


def test_what_cannot_learn_so_is_refused():
    task = get_task("text_to_picture")
    with pytest.raises(UsageError, match="text_to_picture needs a column of texts; digits has"):
        task.encoded(get_config("dalle_small"), load("digits"))
    with pytest.raises(UsageError, match="text_to_picture is for networks such as dalle_small; not resnet"):
        task.encoded(get_config("resnet18"), load("coloured_digits"))
