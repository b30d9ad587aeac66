"""Two parts against each other: steps as written out by hand, pictures that come to resemble the data, seeds."""

import dataclasses
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from jobs import JOBS

from keras_dl import UsageError, get_config, saved_model
from keras_dl.data import load
from keras_dl.learning.sample_distance import frechet_distance, shrunken
from keras_dl.tasks import get_task
from keras_dl.training import build
from keras_dl.training.loop import Training
from keras_dl.training.objective import compile_model
from keras_dl.training.session import Diverged
from keras_dl.use.predictor import Predictor

GENERATOR = np.random.default_rng(0)
TASK = get_task("adversarial_generation")
OPTIONS = JOBS["adversarial_generation"]()[-1]


def adapted():
    return TASK.adapt(get_config("dcgan", filters=8, latent_width=6), load("digits"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    config, data = adapted()
    options = OPTIONS.__class__(epochs=8, batch_size=32, learning_rate=1e-3)
    training = Training(build(config, options), config, TASK, data, options, tmp_path_factory.mktemp("g"), verbose=0)
    return training, training.run()


def test_a_step_is_one_of_each_part_by_its_own_adam():
    config, _ = adapted()
    options = OPTIONS.__class__(epochs=1, batch_size=8, learning_rate=1e-2)
    network = build(config, options)
    by_hand = build(config, options)
    by_hand.set_weights(network.get_weights())
    learner = TASK.learner(network, config, options)
    compile_model(learner, config, options, 1, TASK)
    x = batch_of(8)
    logged = learner.train_on_batch(x, np.zeros(8, "float32"), return_dict=True)

    discriminator, generator = (by_hand.get_layer(part) for part in ("discriminator", "generator"))

    def surprise(logits):
        return tf.reduce_mean(-tf.math.log_sigmoid(logits))

    def descend(part, tape, value, name):
        assert logged[name] == pytest.approx(float(value), rel=1e-4)
        variables = part.trainable_variables
        gradients = tape.gradient(value, [variable.value for variable in variables])
        keras.optimizers.Adam(1e-2, beta_1=0.5).apply(gradients, variables)

    with tf.GradientTape() as generating:
        made = generator(x["noise"], training=True)
        with tf.GradientTape() as discriminating:
            real, told = (discriminator(pictures, training=True) for pictures in (x["image"], tf.stop_gradient(made)))
            value = surprise(real) + surprise(-told)
        descend(discriminator, discriminating, value, "discriminator_loss")
        value = surprise(discriminator(made, training=True))
    descend(generator, generating, value, "generator_loss")
    assert logged["loss"] == pytest.approx(logged["discriminator_loss"] + logged["generator_loss"])
    for ours, theirs in zip(network.weights, by_hand.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=2e-5, err_msg=ours.path)


def batch_of(size):
    rng = np.random.default_rng(1)
    return {
        "image": rng.integers(0, 256, (size, 8, 8, 1)).astype("float32"),
        "noise": rng.normal(size=(size, 6)).astype("float32"),
    }


def test_smoothing_tells_the_discriminator_that_some_real_pictures_are_none():
    config, _ = adapted()
    learner = TASK.learner(config.build(), config, dataclasses.replace(OPTIONS, label_smoothing=0.1))
    x = batch_of(6)
    logits = {name: found.numpy() for name, found in learner(x).items()}
    targets = {"real": 0.9, "generated": 0.0}
    expected = sum(
        tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.fill((6, 1), target), logits[name]))
        for name, target in targets.items()
    )
    (_, _, discriminate), (_, _, generate) = learner.turns(x, None, None, False)
    assert float(discriminate) == pytest.approx(float(expected), rel=1e-5)
    assert float(generate) == pytest.approx(np.mean(np.log1p(np.exp(-logits["generated"]))), rel=1e-5)


def test_each_optimizer_scales_its_loss_in_float16():
    config, _ = adapted()
    options = OPTIONS.__class__(epochs=1, batch_size=8, precision="float16")
    network = build(config, options)
    learner = TASK.learner(network, config, options)
    compile_model(learner, config, options, 1, TASK)
    scales = {part: optimizer.dynamic_scale for part, optimizer in learner.optimizer.parts.items()}
    assert scales.keys() == {"discriminator", "generator"}
    x, y = batch_of(8), np.zeros(8, "float32")
    learner.train_on_batch(x, y)
    before = {part: learner.parts()[part][0].numpy() for part in scales}
    scales["generator"].assign(2.0**40)  # beyond what float16 holds, so that the generator's gradient overflows
    learner.train_on_batch(x, y)
    after = {part: learner.parts()[part][0].numpy() for part in scales}
    assert np.any(before["discriminator"] != after["discriminator"])
    np.testing.assert_array_equal(before["generator"], after["generator"])
    assert float(scales["generator"]) == 2.0**39
    assert learner.optimizer.parts["discriminator"].inner_optimizer.iterations == 2


def test_a_discriminator_that_diverges_is_told_with_what_to_try(tmp_path):
    config, data = adapted()
    options = OPTIONS.__class__(epochs=1, learning_rate=1e6)
    words = (
        r"the (discriminator|generator)_loss became \S+ in epoch 1, step \d+; try a smaller learning rate than "
        r"1e\+06, or --label-smoothing 0.1, or a dcgan with --network.spectral"
    )
    with pytest.raises(Diverged, match=words):
        Training(build(config, options), config, TASK, data, options, tmp_path / "run", verbose=0).run()


def test_weights_of_examples_count():
    config, _ = adapted()
    learner = TASK.learner(config.build(), config, OPTIONS)
    x = batch_of(6)
    weights = np.array([2, 2, 0, 0, 0, 0], "float32")
    some = {name: values[:2] for name, values in x.items()}
    for (_, _, loss), (_, _, of_some) in zip(
        learner.turns(x, None, weights, False), learner.turns(some, None, None, False), strict=True
    ):
        assert float(loss) == pytest.approx(float(of_some), rel=1e-5)


def test_pictures_come_to_resemble_the_data(trained):
    training, rows = trained
    assert rows[-1]["val_frechet_8x8"] < 0.5 * rows[0]["val_frechet_8x8"]
    real = training.data.train.inputs()
    floor = frechet_distance(shrunken(real[:256]), shrunken(real[256:]))
    assert floor < rows[-1]["val_frechet_8x8"]
    assert all(math.isfinite(row["val_discriminator_loss"]) for row in rows)


def test_noise_is_new_in_each_step_and_the_same_in_each_evaluation(trained):
    training, _ = trained
    split = training.data.test
    once, again = ([x["noise"].numpy() for x, _ in split.batches(32, training.arrange)] for _ in range(2))
    for one, other in zip(once, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(once) > 2 and not np.array_equal(once[0], once[1])
    key = tf.constant([0, 0], "int64")
    batch = {"image": tf.zeros((32, 8, 8, 1))}
    noise = [training.arrange(batch, key + number)[0]["noise"].numpy() for number in (0, 0, 1)]
    np.testing.assert_array_equal(noise[0], noise[1])
    assert np.abs(noise[0] - noise[2]).min() > 0
    assert training.evaluate(split) == training.evaluate(split)


def test_the_distance_of_gaussians():
    first = GENERATOR.normal(size=(40_000, 2)) * [1, 2] + [3, 0]
    second = GENERATOR.normal(size=(40_000, 2)) * [2, 5]
    assert frechet_distance(first, second) == pytest.approx(9 + 1 + 9, rel=0.03)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)
    turned = first @ [[0, 1], [1, 0]]
    assert frechet_distance(first - first.mean(axis=0), turned - turned.mean(axis=0)) == pytest.approx(2, rel=0.03)
    cells = shrunken(np.arange(16 * 16 * 1.0).reshape(1, 16, 16, 1))
    assert cells.shape == (1, 64) and cells[0, 0] == pytest.approx((0 + 1 + 16 + 17) / 4 / 255)


def test_a_saved_model_is_asked_by_seeds(trained, tmp_path):
    training, _ = trained
    spec = training.data.spec
    saved_model.save(training.network, tmp_path / "m", config=training.config, task=TASK, spec=spec)
    predictor = Predictor(tmp_path / "m")
    answers = predictor.answers(*predictor.read(["3", "7", "3"]))
    assert [answer.source for answer in answers] == ["seed 3", "seed 7", "seed 3"]
    pictures = np.array([answer.value["image"] for answer in answers])
    assert pictures.shape == (3, 8, 8, 1) and pictures.min() >= 0 and 100 < pictures.max() <= 255
    np.testing.assert_array_equal(pictures[0], pictures[2])
    assert np.abs(pictures[0] - pictures[1]).mean() > 1
    samples = predictor.samples(8)
    assert [answer.source for answer in samples] == [f"seed {seed}" for seed in range(8)]
    assert samples[7].value == answers[1].value
    for wrong in ("a.png", "-1", "1.5"):
        with pytest.raises(UsageError, match="this model makes pictures, one for each seed, a whole number from 0 on"):
            predictor.read([wrong])


def test_the_sheet_is_drawn(trained, tmp_path):
    training, _ = trained
    path = tmp_path / "sheet.png"
    assert TASK.draw(training.network, training.config, training.data.test, training.data.spec, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_another_backend_is_refused(monkeypatch):
    config, _ = adapted()
    network = config.build()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UsageError, match="the parts of dcgan are trained in turns, which needs KERAS_BACKEND=tensorfl"):
        TASK.learner(network, config, OPTIONS)


def test_what_cannot_learn_so_is_refused(tmp_path):
    config, data = TASK.adapt(get_config("vae", units=4), load("digits"))
    with pytest.raises(UsageError, match="adversarial_generation is for networks of generator and discriminator; vae"):
        Training(config.build(), config, TASK, data, OPTIONS, tmp_path / "1", verbose=0).run()
    config, data = adapted()
    frozen = OPTIONS.__class__(epochs=1, freeze=("discriminator",))
    with pytest.raises(UsageError, match="freeze=discriminator leaves nothing of it to train against the other part"):
        Training(config.build(), config, TASK, data, frozen, tmp_path / "2", verbose=0).run()
    larger = config.replace(input_shape=(16, 16, 1))
    with pytest.raises(UsageError, match=r"takes inputs of shape \(16, 16, 1\), those of .* have \(8, 8, 1\)"):
        Training(larger.build(), larger, TASK, data, OPTIONS, tmp_path / "3", verbose=0).run()
