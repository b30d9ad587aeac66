"""Multi-task learning: every target has its outputs, its loss and its score, and what is not known does not count."""

import csv
import json

import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data import Data, Spec, Split, from_examples, load
from keras_dl.data.dataset import SPLITS
from keras_dl.data.source import Array
from keras_dl.data.spec import Column
from keras_dl.lazy import tf
from keras_dl.learning.multitask import heads
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training
from keras_dl.use.predict import Predict
from keras_dl.use.predictor import Predictor

NAN = float("nan")
COLUMNS = {
    "features": Column(kind="features", shape=(4,)),
    "color": Column(kind="class", class_names=("red", "green", "blue"), gaps=True),
    "size": Column(kind="number", shape=(1,), gaps=True),
    "odd": Column(kind="class", classes=2),
}


def toy(count=96, *, unknown=0.3, seed=0):
    """A color and a size that follow from the features, some of them not known, and whether a number is positive."""
    splits = {}
    for place, split in enumerate(SPLITS):
        generator = np.random.default_rng([seed, place])
        x = generator.normal(size=(count, 4)).astype("float32")
        color = x[:, :3].argmax(axis=1)
        size = (100 + 20 * x[:, 3:]).astype("float32")
        color[generator.random(count) < unknown] = -1
        size[generator.random(count) < unknown] = NAN
        odd = (x[:, 0] + x[:, 3] > 0).astype("int64")
        splits[split] = Split({"features": x, "color": Array(color), "size": Array(size), "odd": odd})
    return Data(spec=Spec(name="toy", columns=COLUMNS), **splits)


def adapted(data, **options):
    return get_task("multi_task", **options).adapt(get_config("mlp", hidden=(32,)), data)


def learner(network, config, spec, **options):
    return get_task("multi_task", **options).for_data(spec).learner(network, config, Options())


def test_heads_stand_side_by_side():
    config, data = adapted(toy())
    assert config.classes == 6
    assert [(head.name, head.start, head.stop) for head in heads(data.spec)] == [
        ("color", 0, 3),
        ("size", 3, 4),
        ("odd", 4, 6),
    ]


def test_numbers_have_one_scale_over_what_is_known():
    raw = toy()
    _, data = adapted(raw)
    values = data.train.columns["size"].values
    assert np.nanmean(values) == pytest.approx(0, abs=1e-6) and np.nanstd(values) == pytest.approx(1, rel=1e-5)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(raw.train.columns["size"].values))
    column = data.spec.columns["size"]
    assert column.offsets[0] == pytest.approx(np.nanmean(raw.train.columns["size"].values), rel=1e-6)


def test_the_losses_are_the_definition():
    config, data = adapted(toy())
    network = config.build()
    model = learner(network, config, data.spec, weights=(1.0, 0.5, 2.0))
    columns = {name: source.values for name, source in data.train.columns.items()}
    x, y = columns.pop("features"), columns
    outputs = np.array(network(x), "float64")

    def entropy(logits, labels):
        return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels])

    color, size = y["color"], y["size"][:, 0]
    wanted = {
        "color_loss": entropy(outputs[color >= 0, :3], color[color >= 0]),
        "size_loss": 0.5 * np.nanmean((outputs[:, 3] - size) ** 2),
        "odd_loss": 2 * entropy(outputs[:, 4:], y["odd"]),
    }
    found = model.named_losses(x, y, network(x), None, False)
    assert {name: float(value) for name, value in found.items()} == pytest.approx(wanted, rel=1e-5)
    model.compile()
    logged = model.evaluate(data.train.batches(7, arranged(network)), verbose=0, return_dict=True)
    for name, value in wanted.items():  # batches with less that is known count less
        assert logged[name] == pytest.approx(value, rel=1e-4)
    assert logged["loss"] == pytest.approx(sum(wanted.values()), rel=1e-4)


def arranged(network):
    return get_task("multi_task").arrange(network)


def test_what_is_not_known_pulls_at_nothing():
    config, data = adapted(toy())
    network = config.build()
    model = learner(network, config, data.spec)
    x = data.train.columns["features"].values[:8]
    y = {"color": np.full(8, -1), "size": np.full((8, 1), NAN, "float32"), "odd": np.zeros(8, "int64")}
    with tf.GradientTape() as tape:
        loss = sum(model.named_losses(x, y, network(x, training=True), None, True).values())
    kernel, bias = tape.gradient(loss, [variable.value for variable in network.get_layer("head").trainable_variables])
    assert not np.any(kernel[:, :4]) and not np.any(bias[:4])
    assert np.isfinite(kernel).all() and np.any(kernel[:, 4:])


def trained(data, folder, *, epochs=12, **options):
    task = get_task("multi_task", **options)
    config, data = task.adapt(get_config("mlp", hidden=(32,)), data)
    options = Options(epochs=epochs, batch_size=16, learning_rate=1e-2)
    training = Training(build(config, options), config, task, data, options, folder, verbose=0)
    return training, training.run(), data


def test_it_learns_every_target(tmp_path):
    training, rows, data = trained(toy(300), tmp_path)
    found = training.evaluate(data.test)
    assert min(found["color_accuracy"], found["odd_accuracy"], found["size_r2_score"]) > 0.85
    parts = [found[name] for name in ("color_accuracy", "size_r2_score", "odd_accuracy")]
    assert found["mean_score"] == pytest.approx(np.mean(parts))
    assert rows[-1]["val_mean_score"] > rows[0]["val_mean_score"]
    color = data.test.columns["color"].values
    guess = np.array(training.network(data.test.columns["features"].values))[:, :3].argmax(axis=1)
    assert found["color_accuracy"] == pytest.approx(np.mean((guess == color)[color >= 0]))


def test_answers_have_the_words_and_units_of_the_data(tmp_path, capsys):
    training, _, data = trained(toy(300), tmp_path / "run")
    folder = keras_dl.save(
        training.network, tmp_path / "model", config=training.config, task=get_task("multi_task"), spec=data.spec
    )
    x = np.array([[3, 0, 0, 1], [0, 0, 3, -1]], "float32")
    red, blue = (answer.value for answer in Predictor(folder).answers(["a", "b"], {"features": x}))
    assert (red["color"]["class"], blue["color"]["class"]) == ("red", "blue")
    assert red["size"] == pytest.approx(120, abs=6) and blue["size"] == pytest.approx(80, abs=6)
    assert red["odd"]["class"] == "1" and 0.5 < red["color"]["probability"] <= 1
    (tmp_path / "rows.csv").write_text("3,0,0,1\n")
    Predict(str(folder), (str(tmp_path / "rows.csv"),)).run()
    assert "color: red" in capsys.readouterr().out
    Predict(str(folder), (str(tmp_path / "rows.csv"),), csv=True).run()
    assert capsys.readouterr().out.startswith("input,color,color probability,size,odd,odd probability\n")
    found = keras_dl.evaluate(folder, toy(300))
    assert found["mean_score"] == pytest.approx(training.evaluate(data.test)["mean_score"])
    with pytest.raises(UsageError, match="the model tells color, one of red, green, blue; digits has no such column"):
        keras_dl.evaluate(folder, load("digits"))


def table(path, rows=60):
    generator = np.random.default_rng(0)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "kind", "price"])
        for number in range(rows):
            a, b = generator.normal(size=2)
            kind = "" if number % 5 == 0 else ("low", "high")[int(a > 0)]
            writer.writerow([a, b, kind, "?" if number % 7 == 0 else 10 * b])
    return path


def test_a_table_may_have_several_targets(tmp_path):
    data = load(table(tmp_path / "table.csv"), target="kind, price")
    assert [(name, column.kind, column.gaps) for name, column in data.spec.columns.items()] == [
        ("features", "features", False),
        ("kind", "class", True),
        ("price", "number", True),
    ]
    assert sum(data.spec.counts.values()) == 58  # two rows have neither
    kinds = np.concatenate([getattr(data, name).columns["kind"].values for name in SPLITS])
    prices = np.concatenate([getattr(data, name).columns["price"].values for name in SPLITS])
    assert (kinds == -1).sum() == 10 and np.isnan(prices).sum() == 7
    assert any("kind is one of 2 classes, 10 rows have none" in notice for notice in data.notices)
    training, _, found = trained(data, tmp_path / "run", epochs=2)
    assert np.isfinite(training.evaluate(found.test)["loss"])
    one = load(table(tmp_path / "table.csv"), target="kind")
    assert [*one.spec.columns] == ["features", "label"] and sum(one.spec.counts.values()) == 48


def test_arrays_may_have_several_targets():
    x = np.random.default_rng(0).integers(0, 256, (40, 8, 8)).astype("uint8")
    odd, size = np.arange(40) % 2, np.linspace(0, 1, 40).astype("float32")
    columns = {"x": x, "odd": np.where(odd, 1, -1), "size": size, "word": np.array(["a", "b"] * 20)}
    data = from_examples(columns, target="odd,size,word")
    assert [(column.kind, column.gaps) for column in data.spec.columns.values()] == [
        ("image", False),
        ("class", True),
        ("number", False),
        ("class", False),
    ]
    assert data.spec.columns["word"].class_names == ("a", "b")


def test_other_tasks_want_one_target(tmp_path):
    with pytest.raises(UsageError, match="toy has several targets, color, size, odd; --task multi_task learns them"):
        get_task("classification").adapt(get_config("mlp"), toy())
    both = load(table(tmp_path / "table.csv"), target="kind,price")
    with pytest.raises(UsageError, match="several targets, kind, price; .* --target kind is one of them"):
        get_task("classification").adapt(get_config("mlp"), both)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("kind,cost", "it has no column cost; it has a, b, kind, price"),
        ("kind,kind", "each target is wanted once, got kind,kind"),
        ("a,b,kind,price", "no column beside a and b and kind and price to predict it from"),
    ],
)
def test_targets_that_there_are_not(tmp_path, target, words):
    with pytest.raises(UsageError, match=words):
        load(table(tmp_path / "table.csv"), target=target)


def test_what_cannot_be_learned_is_refused():
    with pytest.raises(UsageError, match="weights are one for each of color, size, odd, got 2"):
        adapted(toy(), weights=(1.0, 2.0))
    with pytest.raises(UsageError, match="no example of the train split of toy has a color"):
        adapted(toy(unknown=1.1))
    with pytest.raises(UsageError, match="needs a network of classes whose outputs are bare"):
        get_task("multi_task").adapt(get_config("mlp", hidden=(4,), classifier_activation="softmax"), toy())
    with pytest.raises(UsageError, match="weights must be"):
        get_task("multi_task", weights=(0.0,))


def test_every_loss_reaches_the_shared_trunk():
    config, data = adapted(toy())
    network = config.build()
    model = learner(network, config, data.spec)
    x, y = next(iter(data.train.batches(32, arranged(network))))
    trunk = network.get_layer("stage1_dense").kernel.value
    with tf.GradientTape(persistent=True) as tape:
        losses = model.named_losses(x, y, network(x), None, True)
        total = sum(losses.values())
    single = [tape.gradient(loss, trunk).numpy() for loss in losses.values()]
    assert min(np.linalg.norm(gradient) for gradient in single) > 1e-3
    np.testing.assert_allclose(tape.gradient(total, trunk), sum(single), rtol=1e-4, atol=1e-6)


def test_xla_weighs_what_fills_up_by_nothing(tmp_path):
    results = []
    for xla in (False, True):
        config, data = adapted(toy(50))
        options = Options(epochs=1, batch_size=16, xla=xla, deterministic=False, learning_rate=1e-9)
        task, folder = get_task("multi_task"), tmp_path / str(xla)
        results += Training(build(config, options), config, task, data, options, folder, verbose=0).run()
    for name in ("val_color_loss", "val_size_loss", "val_odd_loss", "val_mean_score"):
        assert results[0][name] == pytest.approx(results[1][name], rel=1e-3), json.dumps(results)


def test_a_network_of_several_heads_learns_the_same_losses():
    config, data = get_task("multi_task").adapt(get_config("multitask_shared_trunk", units=8), toy())
    assert (config.targets, config.outputs) == (("color", "size", "odd"), (3, 1, 2))
    network = config.build()
    model = learner(network, config, data.spec)
    x, y = next(iter(data.train.batches(16, arranged(network))))
    outputs = network(x)
    apart = model.named_losses(x, y, outputs, None, False)
    together = model.named_losses(x, y, tf.concat([outputs[name] for name in config.targets], axis=1), None, False)
    assert {name: float(value) for name, value in apart.items()} == pytest.approx(
        {name: float(value) for name, value in together.items()}
    )
    other = keras_dl.build("multitask_shared_trunk", targets=("color", "shape"), outputs=(3, 1))
    with pytest.raises(UsageError, match="multitask_shared_trunk tells color, shape; color, size, odd are wanted"):
        learner(other, config, data.spec)
