"""Options of speed train what a training without them does, and survive a stop."""

import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_dl import UsageError, get_config
from keras_dl.accelerate.batches import refilled, weighted
from keras_dl.accelerate.xla import operations
from keras_dl.data import Data, Spec
from keras_dl.data.split import Split
from keras_dl.training import Interrupted, Options, build, fit

generator = np.random.default_rng(0)


def split(count):
    labels = generator.integers(0, 3, count)
    features = generator.normal(size=(count, 6)).astype("float32") + labels[:, None]
    return Split({"features": features, "label": labels})


SPLITS = {"train": split(64), "validation": split(21), "test": split(4)}
DATA = Data(
    spec=Spec.labelled(
        name="points",
        kind="features",
        shape=(6,),
        classes=3,
        class_names=("a", "b", "c"),
        counts={name: len(part) for name, part in SPLITS.items()},
    ),
    **SPLITS,
)
CONFIG = get_config("mlp", hidden=(8,)).for_data(DATA.spec)


def train(folder, *, config=CONFIG, data=DATA, callbacks=(), **options):
    options = Options(**{"epochs": 2, "batch_size": 16, "optimizer": "sgd", "learning_rate": 0.1, "seed": 3} | options)
    model = build(config, options)
    return model, fit(model, config, data, options, folder, callbacks=callbacks, verbose=0)


class Watch(keras.callbacks.Callback):
    """The weights after each step, and a signal after step `stop`."""

    def __init__(self, stop=None):
        super().__init__()
        self._seen, self._stop = [], stop

    def on_train_batch_end(self, batch, logs=None):
        self._seen.append(self.model.get_weights())
        if len(self._seen) == self._stop:
            signal.raise_signal(signal.SIGTERM)

    def get_state(self):
        return {}

    def set_state(self, state):
        pass


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return train(tmp_path_factory.mktemp("plain"))


def assert_same(model, expected, **tolerance):
    for value, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(value, other, **tolerance)


def test_several_steps_per_execution_are_the_same_steps(plain, tmp_path):
    model, rows = train(tmp_path, steps_per_execution=3)
    assert_same(model, plain[0], rtol=0)
    assert rows[-1]["val_loss"] == plain[1][-1]["val_loss"]


def test_accumulated_gradients_are_those_of_a_larger_batch(plain, tmp_path):
    model, _ = train(tmp_path, batch_size=8, gradient_accumulation_steps=2)
    assert_same(model, plain[0], atol=1e-6)


def test_averages_are_measured_and_kept_while_the_raw_weights_train(plain, tmp_path):
    watch = Watch()
    model, rows = train(tmp_path, ema_momentum=0.7, callbacks=[watch])
    averages = watch._seen[0]
    for weights in watch._seen[1:]:
        averages = [0.7 * average + 0.3 * weight for average, weight in zip(averages, weights, strict=True)]
    for value, average in zip(model.get_weights(), averages, strict=True):
        np.testing.assert_allclose(value, average, atol=1e-6)
    for raw, weight in zip(watch._seen[-1], plain[0].get_weights(), strict=True):
        np.testing.assert_array_equal(raw, weight)
    measured = model.evaluate(DATA.validation.batches(16), verbose=0, return_dict=True)
    assert rows[-1]["val_loss"] == pytest.approx(measured["loss"], rel=1e-6)
    assert rows[-1]["val_loss"] != pytest.approx(plain[1][-1]["val_loss"], rel=1e-3)


def test_averages_are_the_same_under_a_strategy(tmp_path):
    (one, rows), (mirrored, again) = (
        train(tmp_path / str(strategy), ema_momentum=0.7, strategy=strategy) for strategy in (None, "mirrored")
    )
    assert_same(mirrored, one, atol=1e-6)
    assert again[-1]["val_loss"] == pytest.approx(rows[-1]["val_loss"], rel=1e-5)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_computes_in_it_and_keeps_float32_weights(plain, tmp_path, capsys, precision):
    model, rows = train(tmp_path, precision=precision)
    assert model.layers[1].compute_dtype == precision
    assert {str(variable.dtype) for variable in model.trainable_variables} == {"float32"}
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (precision == "float16")
    assert rows[-1]["loss"] == pytest.approx(plain[1][-1]["loss"], rel=0.01)
    assert f"{precision} is slower" in capsys.readouterr().out
    assert keras.config.dtype_policy().name == "float32"


def test_rematerialized_activations_run_twice_and_change_nothing(plain, tmp_path):
    model, _ = train(tmp_path, rematerialize=True)
    assert_same(model, plain[0], atol=1e-6)
    assert activations(model) > activations(plain[0])


def activations(model):
    """How often a program that makes the gradients runs an activation function, those inside functions too."""

    @tf.function(autograph=False)
    def gradients(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(x, training=True))
        return tape.gradient(loss, [variable.value for variable in model.trainable_variables])

    graph = gradients.get_concrete_function(tf.TensorSpec((4, 6))).graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return sum(node.op == "Relu" for node in nodes)


def test_state_of_all_of_them_survives_a_stop(tmp_path):
    options = {
        "epochs": 3,
        "precision": "float16",
        "gradient_accumulation_steps": 3,
        "ema_momentum": 0.7,
        "patience": 2,
        "optimizer": "adam",
    }
    expected, rows = train(tmp_path / "whole", **options)
    with pytest.raises(Interrupted):
        train(tmp_path / "cut", callbacks=[Watch(stop=6)], **options)
    model, resumed = train(tmp_path / "cut", callbacks=[Watch()], **options)
    assert_same(model, expected, rtol=0)
    for value, other in zip(model.optimizer.variables, expected.optimizer.variables, strict=True):
        np.testing.assert_array_equal(value, other)
    assert [row["val_loss"] for row in resumed] == [row["val_loss"] for row in rows]


def test_xla_sees_batches_of_one_size_and_measures_exactly(tmp_path):
    sizes = set()

    def counted(original):
        def step(data):
            sizes.add(data[0].shape)
            return original(data)

        return step

    options = Options(epochs=2, batch_size=24, deterministic=False, xla=True)
    model = build(CONFIG, options)
    model.train_step, model.test_step = counted(model.train_step), counted(model.test_step)
    rows = fit(model, CONFIG, DATA, options, tmp_path, verbose=0)
    assert model.jit_compile
    assert sizes == {(24, 6)}
    plain = model.evaluate(SPLITS["validation"].inputs(), SPLITS["validation"].labels, verbose=0, return_dict=True)
    assert rows[-1]["val_loss"] == pytest.approx(plain["loss"], rel=1e-5)
    assert rows[-1]["val_accuracy"] == pytest.approx(plain["accuracy"], rel=1e-6)


def test_weights_make_the_mean_over_batches_that_over_examples():
    part = split(21)
    x, y, weights = (np.stack(values) for values in zip(*weighted(part, 8).as_numpy_iterator(), strict=True))
    assert x.shape == (3, 8, 6)
    np.testing.assert_allclose(x.reshape(24, 6)[:21], part.stored, rtol=1e-6)
    np.testing.assert_allclose((weights * y).mean(), part.labels.mean(), rtol=1e-6)
    masks = Split({"features": part.stored, "mask": generator.integers(0, 3, (21, 4, 5))})
    _, y, weights = (np.stack(values) for values in zip(*weighted(masks, 8).as_numpy_iterator(), strict=True))
    np.testing.assert_allclose((weights * y).mean(), masks.labels.mean(), rtol=1e-6)


def test_a_small_batch_gets_its_own_examples_again():
    batches = tf.data.Dataset.range(8).map(lambda number: (number, 10 * number)).batch(5)
    (_, (x, y)) = refilled(batches, 5).as_numpy_iterator()
    np.testing.assert_array_equal(x, [5, 6, 7, 5, 6])
    np.testing.assert_array_equal(y, 10 * x)


@pytest.mark.parametrize("options", [{}, {"deterministic": False, "xla": True}])
def test_labels_that_the_network_has_no_output_for(tmp_path, options):
    with pytest.raises(UsageError, match="train labels go up to 2, the network tells 2 classes from 0 on"):
        train(tmp_path, config=CONFIG.replace(classes=2), **options)


class Sideways(keras.layers.Layer):
    """What XLA has no kernel for, as a layer."""

    def call(self, inputs):
        return tf.ensure_shape(tf.numpy_function(lambda values: values, [inputs], "float32"), inputs.shape)


class NoJit(keras.layers.Identity):
    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.supports_jit = False


@pytest.mark.parametrize(("kind", "words"), [(Sideways, "XLA cannot compile PyFunc; use"), (NoJit, "the layers odd")])
def test_what_xla_cannot_compile_is_named(tmp_path, kind, words):
    options = Options(epochs=1, deterministic=False, xla=True)
    model = build(CONFIG, options)
    model = keras.Model(model.input, model.layers[-1](kind(name="odd")(model.layers[-2].output)))
    with pytest.raises(UsageError, match=words) as error:
        fit(model, CONFIG, DATA, options, tmp_path, verbose=0)
    assert "\n" not in str(error.value)


def test_operations_of_an_error():
    missing = "No registered 'A' OpKernel for XLA_CPU_JIT devices), B (No registered 'B' OpKernel for XLA_GPU_JIT"
    assert operations(f"A ({missing} devices){{{{node a/A}}}} tf2xla conversion failed") == ["A", "B"]
    assert operations("a constant {{node layer/Range}} {{node layer/Range}} tf2xla conversion failed") == ["Range"]
    assert operations("cannot read {{node DecodeJpeg}}") == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"xla": "auto"}, "xla=auto needs deterministic=False: what is fastest may change"),
        (
            {"xla": True, "deterministic": False, "strategy": "mirrored"},
            "xla=True is for one device, so it takes no strategy; got strategy=mirrored",
        ),
        (
            {"gradient_accumulation_steps": 2, "strategy": "mirrored"},
            "gradient_accumulation_steps takes no strategy=mirrored",
        ),
        ({"global_clipnorm": 1.0, "strategy": "multi_worker"}, "global_clipnorm takes no strategy=multi_worker"),
        ({"gradient_accumulation_steps": 1}, "gradient_accumulation_steps must be at least 2, got 1"),
        ({"ema_momentum": 1.0}, "ema_momentum must be at least 0 and below 1"),
        ({"steps_per_execution": 0}, "steps_per_execution must be at least 1"),
        ({"precision": "float8"}, "precision 'float8'"),
    ],
)
def test_options_that_make_no_sense(options, words):
    with pytest.raises(UsageError, match=words):
        Options(**options)
