"""Two kinds of pictures: losses by formula, a step written out by hand, the pool, data of two kinds, answers."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from jobs import JOBS
from PIL import Image

from keras_dl import UsageError, get_config
from keras_dl.data import Data, Spec, Split, load
from keras_dl.data.drawn import Evenly
from keras_dl.data.kinds import paired
from keras_dl.data.spec import Column
from keras_dl.learning.cycle import Pool
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training
from keras_dl.training.objective import compile_model
from keras_dl.training.session import Diverged

TASK = get_task("cycle_consistency", pool=4)
CONFIG = get_config("cyclegan", input_shape=(8, 8, 1), filters=4, blocks=1, halvings=1)
PICTURES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1)).astype("float32")
A, B = PICTURES[0::2], PICTURES[1::2]
PARTS = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")
NOTHING = np.zeros(6, "float32")


def parts_of(network):
    return [network.get_layer(part) for part in PARTS]


def losses_by_hand(network, cycle=10.0, identity=0.5):
    """Those of the generators and of the discriminators."""
    there, back, judge_a, judge_b = parts_of(network)

    def error(x, y):
        return tf.reduce_mean(tf.abs(x - y)) / 127.5

    def squares(scores, target):
        return tf.reduce_mean((scores - target) ** 2)

    made_b, made_a = there(A), back(B)
    adversarial = squares(judge_a(made_a), 1) + squares(judge_b(made_b), 1)
    cycles = error(back(made_b), A) + error(there(made_a), B)
    kept = error(back(A), A) + error(there(B), B)
    judged = sum(
        0.5 * (squares(judge(real), 1) + squares(judge(tf.stop_gradient(made)), 0))
        for judge, real, made in ((judge_a, A, made_a), (judge_b, B, made_b))
    )
    return adversarial + cycle * (cycles + identity * kept), judged


def test_losses_are_those_of_the_paper():
    network = CONFIG.build()
    for options in ({}, {"cycle": 3.0, "identity": 0.0}, {"cycle": 0.0}):
        learner = TASK.replace(**options).learner(network, CONFIG, Options(batch_size=6))
        found = [float(loss) for _, _, loss in learner.turns(PICTURES, None, None, False)]
        np.testing.assert_allclose(found, losses_by_hand(network, **options), rtol=1e-5)


def test_a_step_is_one_of_the_generators_then_one_of_the_discriminators():
    options = Options(epochs=1, batch_size=6, learning_rate=1e-2)
    network, by_hand = build(CONFIG, options), build(CONFIG, options)
    by_hand.set_weights(network.get_weights())
    learner = TASK.learner(network, CONFIG, options)
    compile_model(learner, CONFIG, options, 1, TASK)
    logged = learner.train_on_batch(PICTURES, NOTHING, return_dict=True)  # the pool is empty: it gives back what is new

    there, back, judge_a, judge_b = parts_of(by_hand)
    with tf.GradientTape(persistent=True) as tape:
        generators, discriminators = losses_by_hand(by_hand)
    for loss, models, name in (
        (generators, (back, there), "generator_loss"),
        (discriminators, (judge_a, judge_b), "discriminator_loss"),
    ):
        variables = [variable for model in models for variable in model.trainable_variables]
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        keras.optimizers.Adam(1e-2, beta_1=0.5).apply(gradients, variables)
        assert logged[name] == pytest.approx(float(loss), rel=1e-4)
    for ours, theirs in zip(network.weights, by_hand.weights, strict=True):
        if ours.name == "kernel":  # biases before a normalisation have a gradient of 0, and Adam steps by its noise
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=5e-5, err_msg=ours.path)


def test_the_pool_is_filled_then_exchanges_about_half():
    pool = Pool(5, (1, 1, 1), seed=0, name="pool")
    batches = np.arange(600.0, dtype="float32").reshape(200, 3, 1, 1, 1)
    first, second, *others = (pool.exchanged(batch).numpy() for batch in batches)
    np.testing.assert_array_equal(first, batches[0])
    np.testing.assert_array_equal(second, batches[1])
    assert pool.filled == 5
    new = np.mean([given == batch for given, batch in zip(others, batches[2:], strict=True)])
    assert 0.44 < new < 0.56
    seen = np.concatenate(others).ravel()
    assert len({*seen}) == len(seen), "an exchanged picture leaves the pool"
    assert {*pool.pictures.numpy().ravel()} == {*range(5), *batches[2:].ravel()} - {*seen}


def test_an_epoch_is_a_function_of_seed_and_epoch_and_goes_once_through_the_larger_kind():
    _, data = get_task("cycle_consistency", domains=("3", "8")).adapt(CONFIG, load("digits"))
    few = np.concatenate([np.flatnonzero(data.train.labels == 0)[:20], np.flatnonzero(data.train.labels == 1)[:12]])
    drawn = Evenly(data.train.labels[few])
    epochs = [np.concatenate([drawn.batch(4, seed, epoch, step) for step in range(8)]) for seed, epoch in
              ((1, 1), (1, 1), (1, 2), (2, 1))]  # fmt: skip
    np.testing.assert_array_equal(epochs[0], epochs[1])
    assert np.any(epochs[0] != epochs[2]) and np.any(epochs[0] != epochs[3])
    assert np.all(epochs[0][0::2] < 20) and np.all(epochs[0][1::2] >= 20)
    assert {*epochs[0][1::2]} == {*range(20, 32)}


def test_two_classes_are_chosen_in_their_order():
    data = get_task("cycle_consistency", domains=("8", "3")).encoded(CONFIG, load("digits"))
    assert data.spec.class_names == ("8", "3") and [*data.spec.columns] == ["image", "label"]
    digits = load("digits").test
    for kind, name in enumerate((8, 3)):
        expected = digits.take(np.flatnonzero(digits.labels == name)).inputs()
        np.testing.assert_array_equal(data.test.take(np.flatnonzero(data.test.labels == kind)).inputs(), expected)


def of_names(labels, pairs):
    columns = {
        "image": Column(kind="image", shape=(8, 8, 1)),
        "label": Column(kind="class", class_names=("old", "new")),
        "pair": Column(kind="index"),
    }
    split = Split({"image": PICTURES.astype("uint8"), "label": np.array(labels), "pair": np.array(pairs)})
    return Data(spec=Spec(name="toy", columns=columns), train=split, validation=split, test=split)


def test_the_error_against_true_pairs():
    data = TASK.encoded(CONFIG, of_names([0, 1, 0, 1, 0, 0], [7, 9, 9, 7, 3, 4]))
    np.testing.assert_array_equal(paired(data.test), [[0, 3], [2, 1]])
    network = CONFIG.build()
    there, back, *_ = parts_of(network)
    errors = np.abs(there(PICTURES[[0, 2]]) - PICTURES[[3, 1]]), np.abs(back(PICTURES[[3, 1]]) - PICTURES[[0, 2]])
    scores = TASK.scores(network, CONFIG, data.test, data.spec)
    assert scores["paired_error"] == pytest.approx(np.mean(errors) / 255, rel=1e-4)
    answers = TASK.answers(network, CONFIG, {"image": PICTURES[:2]}, data.spec)
    assert answers[1].keys() == {"old", "new"}
    np.testing.assert_allclose(np.array(answers[1]["new"]), there(PICTURES[1:2])[0], atol=0.5001)
    np.testing.assert_allclose(np.array(answers[1]["old"]), back(PICTURES[1:2])[0], atol=0.5001)


def folder_of(root, sizes):
    """Folders as CycleGAN's data have them, with two pictures of a size each."""
    for name, size in sizes.items():
        (root / name).mkdir(parents=True)
        for place in range(2):
            Image.new("RGB", (size, size), (40 * place, 90, 200)).save(root / name / f"{place}.png")
    return root


def test_folders_of_two_kinds(tmp_path):
    names = ("trainA", "trainB", "testA", "testB")
    data = load(folder_of(tmp_path / "right", dict.fromkeys(names, 16)), image_size=16, validation=0.5)
    assert data.spec.class_names == ("A", "B") and data.spec.counts == {"train": 2, "validation": 2, "test": 4}
    with pytest.raises(UsageError, match="the pictures of A have 16x16 pixels, those of B 24x24; image_size scales"):
        load(folder_of(tmp_path / "sizes", dict(zip(names, (16, 24, 16, 24), strict=True))))
    empty = folder_of(tmp_path / "empty", dict.fromkeys(names, 16))
    for picture in (empty / "trainB").iterdir():
        picture.unlink()
    with pytest.raises(UsageError, match="class 'trainB' has no pictures: .* holds none"):
        load(empty)


def test_what_cannot_learn_so_is_refused():
    digits = load("digits")
    with pytest.raises(UsageError, match="two kinds .* digits has 10 classes: .*; choose two by --task.domains 0 1"):
        TASK.encoded(CONFIG, digits)
    with pytest.raises(UsageError, match="unknown class of digits 'three'"):
        TASK.replace(domains=("three", "8")).encoded(CONFIG, digits)
    with pytest.raises(UsageError, match="domains are two different classes, got 3, 3"):
        TASK.replace(domains=("3", "3"))
    only = Data(spec=digits.spec, train=digits.train, test=digits.test,
                validation=digits.validation.take(np.flatnonzero(digits.validation.labels != 8)))  # fmt: skip
    with pytest.raises(UsageError, match="the validation split of digits has no picture of 8"):
        TASK.replace(domains=("3", "8")).encoded(CONFIG, only)
    with pytest.raises(UsageError, match="a pool of 4 holds no batch of 5 pictures of a kind"):
        TASK.learner(CONFIG.build(), CONFIG, Options(batch_size=10))
    with pytest.raises(UsageError, match="keeps one pool of pictures; leave strategy=mirrored out"):
        TASK.learner(CONFIG.build(), CONFIG, Options(strategy="mirrored"))


def test_a_discriminator_that_diverges_is_told_with_what_to_try(tmp_path):
    config, task, data, options = JOBS["cycle_consistency"]()
    config, data = task.adapt(config, data)
    options = dataclasses.replace(options, epochs=1, learning_rate=1e3)
    with pytest.raises(
        Diverged, match=r"_loss became \S+ in epoch 1, step \d; try a smaller .* or --global-clipnorm 1"
    ):
        Training(build(config, options), config, task, data, options, tmp_path / "run", verbose=0).run()


def test_the_sheet_is_drawn(tmp_path):
    config, task, data, _ = JOBS["cycle_consistency"]()
    config, data = task.adapt(config, data)
    assert task.draw(config.build(), config, data.test, data.spec, tmp_path / "sheet.png")
    assert Image.open(tmp_path / "sheet.png").size[0] > 100
