"""Optimizers, schedules, clipping, layer-wise rates, new weights and frozen stages, on real networks."""

import importlib.util
import math
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError, surgery
from keras_dl.data import load
from keras_dl.learning.kernels import kernels
from keras_dl.learning.relative_localization import with_relative_localization
from keras_dl.training import Options, fit, seed_everything
from keras_dl.training.initialization import initialize
from keras_dl.training.objective import compile_model
from keras_dl.training.schedules import learning_rate
from keras_dl.training.updates import Updates, adopt, apply_remainder, averages, make_optimizer

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
        ("inverse_sqrt", {0: 1 / 50, 24: 0.5, 49: 1, 199: 0.5, 449: 1 / 3}),
    ],
)
def test_schedules(schedule, parts):
    rate = learning_rate(schedule, 0.2, 1000)
    for step, part in parts.items():
        value = rate(step) if callable(rate) else rate
        assert float(value) == pytest.approx(0.2 * part, abs=1e-6)


@pytest.mark.parametrize(("warmup", "parts"), [(0.0, {0: 1, 500: 0.5, 1000: 0}), (0.5, {0: 0, 250: 0.5, 500: 1})])
def test_how_long_a_cosine_warms_up(warmup, parts):
    rate = learning_rate("cosine", 0.2, 1000, warmup)
    for step, part in parts.items():
        assert float(rate(step)) == pytest.approx(0.2 * part, abs=1e-6)


def test_the_schedule_of_the_transformer_is_that_of_the_paper():
    """d^-0.5 min(step^-0.5, step * 4000^-1.5), steps from 1 on, for the base model's d."""
    rate = learning_rate("inverse_sqrt", 512**-0.5 * 4000**-0.5, 100_000, 0.04)
    for step in (1, 100, 4000, 20_000):
        expected = 512**-0.5 * min(step**-0.5, step * 4000**-1.5)
        assert float(rate(step - 1)) == pytest.approx(expected, rel=1e-5)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(rate))
    assert float(again(999)) == float(rate(999))


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_the_betas_of_a_task_are_those_that_are_not_given(optimizer):
    model = keras_dl.get_config("vanilla_nn").build()
    for given, of_task, expected in (
        ({}, {}, (0.9, 0.999)),
        ({}, {"beta_1": 0.5}, (0.5, 0.999)),
        ({"beta_1": 0.8, "beta_2": 0.98}, {"beta_1": 0.5}, (0.8, 0.98)),
    ):
        made = make_optimizer(model, Options(optimizer=optimizer, **given), 10, of_task)
        assert (made.beta_1, made.beta_2) == expected


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


@pytest.mark.parametrize("decaying", ["kernels", "all"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adagrad", "adam", "adamw"])
def test_weight_decay_pulls_on_kernels(optimizer, decaying):
    options = {"optimizer": optimizer, "learning_rate": 0.1, "weight_decay": 0.5, "layer_rates": ("stage1*=0.5",)}
    after, before = trained(**options, weight_decay_on=decaying, initialization="large")
    without, _ = trained(**{**options, "weight_decay": 0.0}, initialization="large")
    for path, value in before.items():
        rate = 0.05 if path.startswith("stage1") else 0.1
        pulled = -0.5 * rate * value if decaying == "all" or path.endswith("kernel") else np.zeros_like(value)
        np.testing.assert_allclose(after[path] - without[path], pulled, atol=1e-6)


def test_what_decays_in_a_transformer_whatever_else_is_asked():
    config = keras_dl.get_config("vit_ti16", input_shape=(8, 8, 3), patch=4, blocks=2, heads=1, head_width=8, classes=3)
    model = config.build()
    surgery.freeze(model, ["stage1"])
    model = with_relative_localization(model, 0.5)
    compile_model(model, config, Options(optimizer="adamw", weight_decay=0.1, precision="float16"), 1)
    inner = model.optimizer.inner_optimizer
    inner.build(model.trainable_variables)
    free = {v.path for v in model.trainable_variables if not inner._use_weight_decay(v)}
    decaying = {v.path for v in model.trainable_variables} - free
    assert decaying and all(path.endswith("kernel") for path in decaying)
    assert {path.rpartition("/")[2] for path in free} >= {"bias", "gamma", "beta", "class_token", "positions"}
    assert any(path.startswith("drloc") for path in decaying) and not any("stage1" in path for path in decaying)


def constant_slope(**options):
    """A network of one weight, at first 1, whose gradient is the input; each batch is one number."""
    x = keras.Input((1,))
    y = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="head")(x)
    model = keras.Model(x, y)
    updates = Updates(**{"optimizer": "sgd", "learning_rate": 1.0, **options})
    model.compile(make_optimizer(model, updates, steps=100), loss=lambda _, outputs: keras.ops.mean(outputs))
    return model


def learn(model, *slopes):
    slopes = np.asarray(slopes, "float32")[:, None]
    model.fit(slopes, slopes, batch_size=1, shuffle=False, verbose=0)
    return model.get_weights()[0].item()


@pytest.mark.parametrize("scaled", [False, True], ids=["float32", "loss_scale"])
def test_averages_move_when_the_weights_do(scaled):
    model = constant_slope(gradient_accumulation_steps=2, ema_momentum=0.5)
    if scaled:
        model.compile(keras.optimizers.LossScaleOptimizer(model.optimizer), loss=model.loss)
    model.optimizer.build(model.trainable_variables)
    assert averages(model.optimizer, model)[0].item() == 1
    expected = [0, -0.5, -1.25, -2.125]  # of the weights 0, -1, -2, -3
    for weight, average in zip([0, -1, -2, -3], expected, strict=True):
        assert learn(model, 1) == weight + 1
        assert learn(model, 1) == weight
        assert averages(model.optimizer, model)[0].item() == average


def test_the_optimizer_of_a_model_that_compiles_itself_learns_the_same():
    model = constant_slope()
    rule = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5, gradient_accumulation_steps=2)
    optimizer = keras.optimizers.LossScaleOptimizer(rule)
    adopt(optimizer)
    model.compile(optimizer, loss=model.loss)
    assert learn(model, 1, 1, 1, 1, 3) == -1
    apply_remainder(optimizer)
    assert model.get_weights()[0].item() == -4
    assert averages(optimizer, model)[0].item() == -2.25
    adopt(optimizer)
    assert type(rule).__mro__[1] is keras.optimizers.SGD


def test_the_same_on_jax():
    """Where a second `fit` finds two variables in one buffer if one has been assigned to the other."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs pip install '.[export]'")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n0",
        "-q",
        "-k",
        "averages or left_over or full_group or compiles_itself",
        __file__,
    ]
    result = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
    assert "10 passed" in result.stdout


def test_averages_are_of_weights_behind_their_bound():
    model = constant_slope(ema_momentum=0.5)
    model.trainable_variables[0].constraint = keras.constraints.MaxNorm(2.0)
    assert learn(model, -3, 1, -3) == 2
    assert averages(model.optimizer, model)[0].item() == 1.75  # of 2, 1, 2


@pytest.mark.parametrize("scaled", [False, True], ids=["float32", "loss_scale"])
def test_gradients_that_are_left_over_make_a_last_update(scaled):
    model = constant_slope(gradient_accumulation_steps=3, ema_momentum=0.5)
    if scaled:
        model.compile(keras.optimizers.LossScaleOptimizer(model.optimizer), loss=model.loss)
    assert learn(model, 1, 2, 3, 4, 8) == -1
    apply_remainder(model.optimizer)
    assert model.get_weights()[0].item() == -7
    assert averages(model.optimizer, model)[0].item() == -4
    apply_remainder(model.optimizer)
    assert learn(model, 3, 3) == -7
    assert learn(model, 3) == -10


@pytest.mark.parametrize("optimizer", ["momentum", "adagrad", "adam", "adamw"])
def test_the_last_update_is_like_that_of_a_full_group(optimizer):
    options = {"optimizer": optimizer, "weight_decay": 0.1, "global_clipnorm": 0.25}
    longer, shorter = (constant_slope(**options, gradient_accumulation_steps=steps) for steps in (4, 2))
    learn(longer, 1, 1, 1, 1)
    learn(shorter, 1, 1)
    learn(longer, 0.2, 0.4)
    apply_remainder(longer.optimizer)
    assert longer.get_weights()[0].item() == pytest.approx(learn(shorter, 0.2, 0.4), rel=1e-6)


def test_the_last_update_has_the_rate_of_the_last_batch():
    model = constant_slope(schedule="linear", gradient_accumulation_steps=4)
    assert learn(model, 1, 1, 1, 1, 0.2, 0.4) == pytest.approx(1 - 0.97)
    apply_remainder(model.optimizer)
    assert model.get_weights()[0].item() == pytest.approx(1 - 0.97 - 0.3 * 0.95)


def test_no_remainder():
    for model in (constant_slope(), constant_slope(gradient_accumulation_steps=2)):
        weight = learn(model, 1, 1)
        apply_remainder(model.optimizer)
        assert model.get_weights()[0].item() == weight


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
        def __init__(self, left):
            super().__init__()
            self._left = left

        def on_train_batch_end(self, batch, logs=None):
            self._left -= 1
            if self._left == 0:
                signal.raise_signal(signal.SIGTERM)

        def get_state(self):
            return {}

        def set_state(self, state):
            pass

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
        train("parts", Stop(60))
    resumed, resumed_rows = train("parts", Stop(0))
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
