"""Optimizers, schedules, clipping, layer-wise rates, new weights and frozen stages, on real networks."""

import math

import keras
import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError, surgery
from keras_dl.data import load
from keras_dl.training import Options, fit, seed_everything
from keras_dl.training.initialization import initialize
from keras_dl.training.kernels import kernels
from keras_dl.training.objective import compile_model
from keras_dl.training.schedules import learning_rate

CONFIG = keras_dl.get_config("mlp", hidden=(5, 4), input_shape=(6,), classes=3)
X = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")
Y = np.arange(16) % 3


def trained(steps=1, **options):
    """The changes of the weights, by path, that `steps` steps on one batch make; and the weights before."""
    keras.utils.set_random_seed(0)
    model = CONFIG.build()
    compile_model(model, CONFIG, Options(**{"epochs": 4, **options}), 1)
    model.run_eagerly = True
    before = {variable.path: variable.numpy() for variable in model.weights}
    for _ in range(steps):
        model.train_on_batch(X, Y)
    return {variable.path: variable.numpy() - before[variable.path] for variable in model.weights}, before


@pytest.mark.parametrize(
    ("schedule", "parts"),
    [
        ("constant", {0: 1, 500: 1, 999: 1}),
        ("cosine", {0: 0, 50: 1, 525: 0.5, 1000: 0}),
        ("linear", {0: 1, 250: 0.75, 1000: 0}),
        ("step", {0: 1, 500: 1, 501: 0.1, 750: 0.1, 751: 0.01}),
        ("exponential", {0: 1, 500: 0.1, 1000: 0.01}),
    ],
)
def test_schedules(schedule, parts):
    rate = learning_rate(schedule, 0.2, 1000)
    for step, part in parts.items():
        value = rate(step) if callable(rate) else rate
        assert float(value) == pytest.approx(0.2 * part, abs=1e-6)


@pytest.mark.parametrize("schedule", ["constant", "linear"])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adagrad", "adam", "adamw"])
def test_layer_rates_scale_what_a_layer_learns_and_forgets(optimizer, decay, schedule):
    options = {"optimizer": optimizer, "weight_decay": decay, "schedule": schedule, "learning_rate": 0.01}
    plain, before = trained(**options)
    scaled, _ = trained(**options, layer_rates=("stage*=0.5", "stage2*=0.25"))
    for path in before:
        factor = {"stage1": 0.5, "stage2": 0.25}.get(path.partition("_")[0], 1.0)
        # Weight decay comes first, so that the two changes add up, and each is in proportion to the rate.
        np.testing.assert_allclose(scaled[path], factor * plain[path], rtol=2e-3, atol=1e-7)


def test_layer_rates_of_one_change_nothing():
    options = {"optimizer": "adamw", "weight_decay": 0.1, "schedule": "cosine", "steps": 3}
    plain, ones = trained(**options)[0], trained(**options, layer_rates=("*=1",))[0]
    for path, change in plain.items():
        np.testing.assert_allclose(ones[path], change, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        (("stem*=0.1",), "layer_rates: 'stem*' matches no layer of mlp that is trained; try stage1*, stage2*, head*"),
        (("head",), "layer_rates are a pattern, = and a factor above 0, such as stem*=0.1; got 'head'"),
        (("head=0",), "got 'head=0'"),
        (("=0.5",), "got '=0.5'"),
        (("head=fast",), "got 'head=fast'"),
    ],
)
def test_layer_rates_that_mean_nothing(rates, words):
    with pytest.raises(UsageError) as error:
        trained(layer_rates=rates)
    assert words in str(error.value)


def test_clipping_keeps_the_direction_of_the_whole_gradient():
    plain, _ = trained(optimizer="sgd", learning_rate=1.0)
    clipped, _ = trained(optimizer="sgd", learning_rate=1.0, global_clipnorm=0.01)
    flat, short = (np.concatenate([change.ravel() for change in changes.values()]) for changes in (plain, clipped))
    assert np.linalg.norm(flat) > 0.1
    assert np.linalg.norm(short) == pytest.approx(0.01, rel=1e-3)
    assert flat @ short / np.linalg.norm(flat) / np.linalg.norm(short) == pytest.approx(1, abs=1e-4)
    np.testing.assert_array_equal(
        trained(optimizer="sgd", global_clipnorm=1e3)[0]["head/kernel"], trained(optimizer="sgd")[0]["head/kernel"]
    )


def test_nesterov_is_a_choice():
    ahead, plain = (trained(2, optimizer="momentum", nesterov=flag)[0]["head/kernel"] for flag in (True, False))
    assert np.abs(ahead - plain).max() > 1e-6
    first, sgd = (trained(optimizer=name, nesterov=False)[0]["head/kernel"] for name in ("momentum", "sgd"))
    np.testing.assert_array_equal(first, sgd)


def test_initial_weights_by_name():
    config = keras_dl.get_config("resnet20", input_shape=(8, 8, 3), blocks=1, filters=32)
    model = config.build()
    others = {v.path: v.numpy() for v in model.weights if not v.name.endswith("kernel")}
    for scheme, deviation in {
        "zeros": lambda n: 0,
        "constant": lambda n: 0,
        "small": lambda n: 0.01,
        "large": lambda n: 1,
        "xavier": lambda n: math.sqrt(1 / n),
        "he": lambda n: math.sqrt(2 / n),
    }.items():
        initialize(model, scheme, seed=1)
        drawn = [(kernel.numpy(), axes) for kernel, axes in kernels(model)]
        assert len(drawn) == 10
        for kernel, axes in drawn:
            n = math.prod(kernel.shape[axis] for axis in axes)
            assert kernel.std() == pytest.approx(deviation(n), rel=0.1, abs=1e-7)
            assert kernel.mean() == pytest.approx(0.1 if scheme == "constant" else 0, abs=0.1 * deviation(n) + 1e-7)
    assert all(np.array_equal(v, others[v.path]) for v in model.weights if v.path in others)
    again = config.build()
    initialize(again, "he", seed=1)
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(kernels(model), kernels(again), strict=True))
    initialize(again, "he", seed=2)
    assert not np.array_equal(*(network.get_layer("head").kernel for network in (model, again)))


def test_a_training_by_all_these_options_and_going_on(tmp_path):
    import signal

    from keras_dl.training import Interrupted

    class Stop(keras.callbacks.Callback):
        left = 60

        def on_train_batch_end(self, batch, logs=None):
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGTERM)

    data = load("digits")
    options = Options(
        epochs=2,
        optimizer="adamw",
        weight_decay=0.1,
        schedule="step",
        layer_rates=("stage2*=0.1",),
        global_clipnorm=1.0,
        initialization="he",
        freeze=("stage1",),
        l1=1e-4,
        l2=1e-4,
        max_norm=1.5,
        label_smoothing=0.1,
        input_dropout=0.2,
    )
    config = keras_dl.get_config("mlp", hidden=(16, 12)).for_data(data.spec)

    def train(name, *callbacks):
        seed_everything(options)
        model = config.build()
        rows = fit(model, config, data, options, tmp_path / name, callbacks=callbacks, verbose=0)
        return model, [{key: value for key, value in row.items() if key != "seconds"} for row in rows]

    reference, rows = train("whole")
    with pytest.raises(Interrupted):
        train("parts", Stop())
    resumed, resumed_rows = train("parts", keras.callbacks.Callback())
    assert resumed_rows == rows and rows[-1]["loss"] < rows[0]["loss"]
    for variable, expected in zip(resumed.weights, reference.weights, strict=True):
        np.testing.assert_array_equal(variable, expected)
    fresh = config.build()
    initialize(fresh, "he", options.seed)
    np.testing.assert_array_equal(reference.get_layer("stage1_dense").kernel, fresh.get_layer("stage1_dense").kernel)
    assert np.linalg.norm(reference.get_layer("stage2_dense").kernel, axis=0).max() <= 1.5 + 1e-6
    assert surgery.stages(reference) == ["stage1", "stage2", "head"]
    with pytest.raises(UsageError, match="unknown stage 'stem'"):
        fit(config.build(), config, data, Options(freeze=("stem",)), tmp_path / "stem", verbose=0)
