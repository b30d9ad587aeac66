"""Domain-adversarial learning: the target's labels are never read, the features learn to hide the domain."""

import dataclasses
import math

import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError, get_config, surgery
from keras_dl.data import Data, Spec, Split, load
from keras_dl.data.dataset import SPLITS
from keras_dl.data.domains import two_domains
from keras_dl.data.spec import Column
from keras_dl.lazy import keras, tf
from keras_dl.learning.domain_adversarial import DomainAdversarialLearner
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training

WIDTH = 6
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def crowds(count, *, shift=0.0, seed=0, names=("a", "b", "c"), name="crowds"):
    """Three classes around centres; `shift` moves all numbers of a domain."""
    centres = 2 * np.random.default_rng(7).normal(size=(len(names), WIDTH))
    generator, splits = np.random.default_rng(seed), {}
    for split in SPLITS:
        labels = generator.integers(0, len(names), count)
        x = centres[labels] + shift + generator.normal(size=(count, WIDTH))
        splits[split] = Split({"features": x.astype("float32"), "label": labels})
    columns = {
        "features": Column(kind="features", shape=(WIDTH,)),
        "label": Column(kind="class", class_names=tuple(names)),
    }
    return Data(spec=Spec(name=name, columns=columns), **splits)


def mlp(**changes):
    return get_config("mlp", hidden=(16,), input_shape=(WIDTH,), classes=3, **changes)


def learner(strength=1.0, units=5):
    keras.utils.set_random_seed(0)
    return DomainAdversarialLearner(mlp().build(), LOSS, strength, units)


def batch(seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(8, WIDTH)).astype("float32")
    return x, {"label": np.array([0, -1, 2, -1, 1, -1, 1, -1]), "domain": np.arange(8) % 2}


def test_the_losses_are_the_definition():
    model, (x, y) = learner(), batch()
    features = np.array(surgery.embedding(model.network)(x))
    hidden, last = (layer.get_weights() for layer in model.domain_head.layers)
    logits = (np.maximum(features @ hidden[0] + hidden[1], 0) @ last[0] + last[1])[:, 0]
    domain = np.mean(np.log1p(np.exp(-np.where(y["domain"] == 1, logits, -logits))))
    outputs = np.array(model.network(x))[::2]
    classes = np.mean(np.log(np.exp(outputs).sum(axis=1)) - outputs[np.arange(4), y["label"][::2]])
    found = model.named_losses(x, y, model(x), None, False)
    assert float(found["class_loss"]) == pytest.approx(classes, rel=1e-5)
    assert float(found["domain_loss"]) == pytest.approx(domain, rel=1e-5)


def gradients(model, x, y, name):
    with tf.GradientTape(persistent=True) as tape:
        loss = model.named_losses(x, y, model(x, training=True), None, True)[name]
    network, head = model.network.trainable_variables[:2], model.domain_head.trainable_variables
    return tape.gradient(loss, [v.value for v in network]), tape.gradient(loss, [v.value for v in head])


def test_only_what_comes_back_to_the_network_is_reversed():
    x, y = batch()
    plain, reversed_ = learner(), learner(strength=0.3)
    plain.stretch(100), reversed_.stretch(100)
    for model in (plain, reversed_):
        model.done.assign(50)
    factors = [strength * (2 / (1 + math.exp(-5)) - 1) for strength in (1.0, 0.3)]
    (first, head), (second, same) = (gradients(model, x, y, "domain_loss") for model in (plain, reversed_))
    for one, other in zip(head, same, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one / factors[0], other / factors[1], rtol=1e-4, atol=1e-7)
    with tf.GradientTape() as tape:
        features = surgery.embedding(plain.network)(x)
        logits = plain.domain_head(features)[:, 0]
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(y["domain"], "float32"), logits))
    true = tape.gradient(loss, [v.value for v in plain.network.trainable_variables[:2]])
    for one, other in zip(first, true, strict=True):
        np.testing.assert_allclose(one, -factors[0] * other, rtol=1e-4, atol=1e-6)


def test_the_factor_follows_the_paper_over_all_steps():
    model, (x, y) = learner(strength=0.5), batch()
    model.compile(keras.optimizers.SGD(0.0))
    model.stretch(4)
    found = []
    for _ in range(4):
        model.train_on_batch(x, y)
        found.append(float(model.reversal.factor))
    wanted = [0.5 * (2 / (1 + math.exp(-10 * step / 4)) - 1) for step in range(4)]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
    model.test_on_batch(x, y)
    assert int(model.done) == 4


def test_labels_of_the_target_change_nothing():
    """Not even where they are in the batch."""
    x, y = batch()
    told = {**y, "label": np.where(y["domain"] == 1, 1, y["label"])}
    losses = []
    for one in (y, told):
        model = learner()
        model.compile(keras.optimizers.SGD(0.1))
        losses.append([model.train_on_batch(x, one, return_dict=True) for _ in range(3)])
    assert losses[0] == losses[1]


def test_training_has_no_label_of_the_target_and_even_batches():
    data = two_domains(crowds(40), crowds(100, shift=1.0, seed=1))
    labels, domains = (data.train.columns[name].values for name in ("label", "domain"))
    assert (labels[domains == 1] == -1).all() and (labels[domains == 0] >= 0).all()
    assert (data.test.columns["label"].values >= 0).all()
    task = get_task("domain_adversarial")
    for _, y in data.train.stream(9, steps=20, seed=0, arrange=task.arrange(mlp().build())):
        np.testing.assert_array_equal(y["domain"], np.arange(8) % 2)
        np.testing.assert_array_equal(y["label"] == -1, y["domain"] == 1)


def trained(task, source, target, folder, **options):
    config, data = mlp().for_data(source.spec), two_domains(source, target)
    options = Options(**{"epochs": 15, "learning_rate": 3e-3, **options})
    training = Training(build(config, options), config, task, data, options, folder, verbose=0)
    return training.run(), training, data


def test_it_learns_the_target_and_hides_the_domain(tmp_path):
    source, target = crowds(300), crowds(300, shift=1.5, seed=1)
    adapted, training, data = trained(get_task("domain_adversarial", strength=1.0), source, target, tmp_path / "a")
    plain, *_ = trained(get_task("domain_adversarial", strength=0.0), source, target, tmp_path / "b")
    assert adapted[-1]["val_target_accuracy"] > plain[-1]["val_target_accuracy"] + 0.05
    assert plain[-1]["val_domain_accuracy"] > adapted[-1]["val_domain_accuracy"] + 0.1
    assert adapted[-1]["val_accuracy"] > 0.85
    x, labels, domains = (data.test.columns[name].values for name in ("features", "label", "domain"))
    right = np.array(training.network(x)).argmax(axis=1) == labels
    found = training.evaluate(data.test)
    assert found["target_accuracy"] == pytest.approx(right[domains == 1].mean())
    assert found["accuracy"] == pytest.approx(right[domains == 0].mean(), rel=1e-5)


def npz(path, contrast=0.5, name="target.npz"):
    digits = load("digits")
    x, y = digits.train.inputs(), digits.train.labels
    np.savez(path / name, x=(80 + contrast * x).astype("uint8"), y=y)
    return str(path / name)


def test_a_second_data_set_is_found_by_its_name(tmp_path):
    task = get_task("domain_adversarial", target=npz(tmp_path))
    config, data = task.adapt(get_config("mlp", hidden=(8,)), load("digits"))
    assert config.classes == 10 and data.spec.columns["domain"].class_names == ("source", "target")
    other = load(npz(tmp_path))
    assert len(data.test) == len(load("digits").test) + len(other.test)


def test_pictures_of_the_target_get_the_size_of_the_source():
    source = load("digits")
    target = dataclasses.replace(source, spec=source.spec).resized((8, 8, 1))
    large = {
        name: Split(
            {
                "image": np.kron(getattr(target, name).inputs(), np.ones((2, 2, 1))),
                "label": getattr(target, name).labels,
            }
        )
        for name in SPLITS
    }
    target = dataclasses.replace(target, spec=target.spec.replace("image", shape=(16, 16, 1)), **large)
    data = two_domains(source, target)
    assert data.spec.shape == (8, 8, 1)
    there = data.test.take(np.flatnonzero(data.test.columns["domain"].values == 1)).inputs()
    assert np.corrcoef(there.ravel(), source.test.inputs().ravel())[0, 1] > 0.95


def test_going_on_with_another_target_is_refused(tmp_path):
    def begin(target, name="digits"):
        task = get_task("domain_adversarial", target=target)
        config, data = task.adapt(get_config("mlp", hidden=(8,)), load(name))
        options = Options(epochs=1, batch_size=200)
        return Training(build(config, options), config, task, data, options, tmp_path / "run", verbose=0).run()

    first = npz(tmp_path)
    begin(first)
    with pytest.raises(UsageError, match="the data have changed.* train has other image"):
        begin(npz(tmp_path, contrast=0.4, name="other.npz"))
    with pytest.raises(UsageError, match="the data have changed.* train has other image"):
        begin(npz(tmp_path, contrast=0.3))  # under the same name
    npz(tmp_path)
    begin(first)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (crowds(30, names=("a", "b"), name="two"), "the target needs the classes of crowds, a, b, c; two has a, b"),
        (load("digits"), "the target needs the classes of crowds, a, b, c; digits has 0, 1"),
    ],
)
def test_targets_that_do_not_fit(target, words):
    with pytest.raises(UsageError, match=words):
        two_domains(crowds(30), target)


def test_what_is_missing_is_told(tmp_path):
    config = get_config("mlp", hidden=(8,))
    with pytest.raises(UsageError, match="needs data without labels to adapt to: --task.target"):
        get_task("domain_adversarial").adapt(config, load("digits"))
    with pytest.raises(UsageError, match="leave class_weights out"):
        get_task("domain_adversarial", target="digits", class_weights="balanced").adapt(config, load("digits"))
    _, _, data = trained(get_task("domain_adversarial"), crowds(30), crowds(30), tmp_path, epochs=1)
    with pytest.raises(UsageError, match="batch_size=1 is less"):
        next(iter(data.train.stream(1, steps=1, seed=0)))


def test_a_saved_model_is_measured_as_a_classifier(tmp_path):
    source, target = crowds(60), crowds(60, shift=1.5, seed=1)
    task = get_task("domain_adversarial")
    _, training, data = trained(task, source, target, tmp_path / "run", epochs=1)
    folder = keras_dl.save(training.network, tmp_path / "model", config=training.config, task=task, spec=data.spec)
    found = keras_dl.evaluate(folder, target)
    assert found["examples"] == 60
    assert found["accuracy"] == pytest.approx(training.evaluate(data.test)["target_accuracy"])
