"""What holds for every network of the catalogue, and for every one that will be added to it."""

import dataclasses
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_networks import FAMILIES, LEARNED_AT_ONCE, SMALL, arrays, examples
from xla_losses import both

import keras_dl
from keras_dl.catalogue import entries, read_config
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.objective import compile_model

NAMES = keras_dl.list_models()


small_networks = pytest.mark.parametrize("config", SMALL, ids=SMALL.values())


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_the_docstring(name):
    description = keras_dl.describe(name)
    assert description.parameters == entries()[name].parameters
    assert 0 < description.trainable_parameters <= description.parameters
    assert description.weight_bytes >= 4 * description.parameters


@pytest.mark.parametrize("name", [name for name in NAMES if getattr(keras_dl.get_config(name), "smallest_size", 1) > 1])
def test_a_smaller_input_than_the_smallest_is_refused(name):
    config = keras_dl.get_config(name)
    size, channels = config.smallest_size, config.input_shape[2]
    keras_dl.describe(config, input_shape=(size, size, channels))
    with pytest.raises(keras_dl.UsageError, match=f"{size - 1}x{size - 1} .*{size}x{size}"):
        config.replace(input_shape=(size - 1, size - 1, channels))


@pytest.mark.parametrize("name", NAMES)
def test_config_survives_json(name):
    config = keras_dl.get_config(name)
    assert read_config(config.to_json()) == config


@pytest.mark.parametrize("name", NAMES)
def test_config_is_documented(name):
    module = entries()[name].module
    assert entries()[name].summary.endswith(".")
    text = Path(module.__file__).read_text(encoding="utf-8")
    config = keras_dl.get_config(name)
    bases = [base for base in type(config).__bases__ if base.__module__ != module.__name__]
    inherited = {field.name for base in bases for field in dataclasses.fields(base)}
    own = {field.name for field in dataclasses.fields(config)} - inherited
    for field in own:
        assert re.search(rf'^    {field}: .*(?:\n    [ )\]].*)*\n    """', text, re.MULTILINE), (
            f"{field} has no docstring"
        )


AXES = [
    pytest.param(config, axis, id=f"{name}-{axis}")
    for config, name in SMALL.items()
    for axis in ("width", "depth")
    if any(scale.axis == axis for scale in config.scales().values())
    and not any(getattr(config, field) == () for field in config.scales())  # a linear classifier has nothing to scale
]


@pytest.mark.parametrize(("config", "axis"), AXES)
def test_scaling_grows_the_network(config, axis):
    fields = [name for name, scale in config.scales().items() if scale.axis == axis]
    scaled = config.scaled(**{axis: 2})
    for name in fields:
        before, after = np.array(getattr(config, name)), np.array(getattr(scaled, name))
        np.testing.assert_array_equal(after, 2 * before)
    assert keras_dl.describe(scaled).parameters > keras_dl.describe(config).parameters
    assert config.scaled(**{axis: 1e-6}).build().count_params() > 0


@small_networks
def test_names_are_the_same_in_two_builds(config):
    first, second = config.build(), config.build()
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    paths = [variable.path for variable in first.weights]  # Keras numbers the seeds of dropout itself
    assert paths == [variable.path for variable in second.weights]
    assert len(paths) == len(set(paths))


@small_networks
def test_saving_keeps_the_outputs(config, tmp_path):
    model = config.build()
    x, _ = examples(config)
    expected = arrays(model(x))
    folder = keras_dl.save(model, tmp_path / "saved", config=config)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for again in (keras_dl.load(folder), loaded):
        for one, other in zip(arrays(again(x)), expected, strict=True):
            np.testing.assert_array_equal(one, other)


SLOW_TO_COMPILE = {
    "efficientnet",
    "googlenet",
    "inception_v3",
    "nasnet",
    "resnet",
    "tinynet",
    "unet",
    "zhang_small_inception",
}
"""families that XLA takes long to compile a training step of: benchmarks/xla_catalogue.py trains them, at any size"""
TRAINED = {
    family: config
    for family, config in FAMILIES.items()
    if family not in SLOW_TO_COMPILE and config.task in LEARNED_AT_ONCE
}
NOT_TRAINED = {family: config for family, config in FAMILIES.items() if family not in TRAINED}


@pytest.mark.parametrize("config", NOT_TRAINED.values(), ids=NOT_TRAINED)
def test_xla_gives_the_same_outputs(config):
    model = config.build()
    x, _ = examples(config, 4)
    plain = arrays(tf.function(model)(x))
    compiled = arrays(tf.function(model, jit_compile=True)(x))
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * max(1, np.abs(other).max()))
    assert max(np.ptp(one, axis=0).max() for one in plain) > 0, "the outputs do not depend on the inputs"


@pytest.mark.parametrize("config", TRAINED.values(), ids=TRAINED)
def test_xla_trains_to_the_same_loss(config):
    plain, compiled, _ = both(config, 8)
    np.testing.assert_allclose(compiled, plain, rtol=1e-4)
    assert plain[-1] != plain[0]


@pytest.mark.parametrize(
    "config", (plain := [c for c in SMALL if c.task in LEARNED_AT_ONCE]), ids=[SMALL[config] for config in plain]
)
def test_a_training_step_reaches_every_weight(config):
    keras.utils.set_random_seed(0)
    model = config.build()
    options = Options(learning_rate=1e-3)
    learner = get_task(config.task).learner(model, config, options)
    compile_model(learner, config, options, steps_per_epoch=1)
    x, y = examples(config)
    learner.run_eagerly = True  # tracing a graph of hundreds of layers takes longer than a step without one
    before = model.get_weights()
    history = learner.fit(x, y, batch_size=len(x), verbose=0).history
    assert np.isfinite(history["loss"][0])
    for variable, old, new in zip(model.weights, before, model.get_weights(), strict=True):
        assert np.isfinite(new).all(), variable.path
        assert variable.trainable <= bool(np.any(old != new)), f"{variable.path} has no gradient: it did not move"


NEW_FAMILY = '''
    """Throwaway networks: one dense layer more than none.

    Input: (batch, height, width, channels); output: (batch, classes) logits.

        name        parameters
        brand_new        3,235
    """

    from __future__ import annotations

    import dataclasses

    from keras_dl.architectures.vision import ImageClassifier, pixels
    from keras_dl.config import depth, width
    from keras_dl.lazy import keras


    @dataclasses.dataclass(frozen=True, kw_only=True)
    class BrandNew(ImageClassifier):
        """Dense layers."""

        input_shape: tuple[int, int, int] = (8, 8, 1)
        classes: int = 10
        units: int = width(43, low=4, high=64)
        hidden: int = depth(1, low=1, high=4)


    def build(config):
        inputs, x = pixels(config)
        x = keras.layers.Flatten(name="flatten")(x)
        for index in range(1, config.hidden + 1):
            x = keras.layers.Dense(config.units, name=f"stage{index}")(x)
        return keras.Model(inputs, keras.layers.Dense(config.classes, name="head")(x), name="brand_new")


    VARIANTS = {"brand_new": BrandNew()}
'''

USE_OF_IT = """
    import sys
    import keras_dl
    from keras_dl.catalogue import entries, read_config

    assert "brand_new" in keras_dl.list_models("brand*", task="classification", max_parameters=4000)
    assert entries()["brand_new"].summary == "Throwaway networks: one dense layer more than none."
    config = keras_dl.get_config("brand_new", classes=3)
    assert read_config(config.to_json()) == config
    assert "tensorflow" not in sys.modules and "keras" not in sys.modules
    assert keras_dl.describe("brand_new").parameters == entries()["brand_new"].parameters == 65 * 43 + 44 * 10
    scaled = config.scaled(width=2, depth=3)
    assert (scaled.units, scaled.hidden) == (86, 3)
    assert keras_dl.build("brand_new", classes=3).output_shape == (None, 3)
    from keras_dl.search.settings import Settings
    from keras_dl.search.space import hyperparameters

    assert {"units", "hidden"} <= set(hyperparameters(config, Settings()).values)
    print("new family works")
"""


LIFE_OF_IT = """
    import pathlib, signal, subprocess, sys, time
    import numpy as np
    import keras_dl
    from PIL import Image
    from keras_dl.cli import main

    def command(*words):
        try:
            main(words)
        except SystemExit as end:
            assert not end.code, words

    words = ["train", "brand_new", "--data", "digits", "--epochs", "40", "--out", "run"]
    code = "import sys; from keras_dl.cli import main; main(sys.argv[1:])"
    training = subprocess.Popen([sys.executable, "-c", code, *words])
    while not list(pathlib.Path("run").glob("checkpoints/epoch-*")):
        assert training.poll() is None
        time.sleep(0.02)
    training.kill()
    assert training.wait() == -signal.SIGKILL
    command("train", "--resume", "run")
    command(*words[:-1], "whole")
    parts, whole = (keras_dl.load(name).get_weights() for name in ("run", "whole"))
    assert all(np.array_equal(one, other) for one, other in zip(parts, whole, strict=True))
    Image.fromarray(np.full((8, 8), 200, "uint8")).save("gray.png")
    command("predict", "run", "gray.png")
    command("evaluate", "run", "--data", "digits")
    command("export", "run/model", "--format", "keras", "--out", "exported")
    command("search", "brand_new", "--data", "digits", "--epochs", "1", "--max-trials", "2", "--out", "search")
    keras_dl.load("search/best")
    print("new family lives")
"""


def with_new_family(folder):
    shutil.copytree(Path(keras_dl.__file__).parent, folder / "keras_dl", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "keras_dl/architectures/vision/brand_new.py").write_text(textwrap.dedent(NEW_FAMILY).strip())


def test_a_new_family_is_one_new_file(tmp_path):
    with_new_family(tmp_path)
    script = [sys.executable, "-c", textwrap.dedent(USE_OF_IT)]
    result = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True)
    assert result.stdout.endswith("new family works\n"), result.stderr


@pytest.mark.slow
def test_a_new_family_is_trained_killed_gone_on_with_and_used(tmp_path):
    with_new_family(tmp_path)
    script = [sys.executable, "-c", textwrap.dedent(LIFE_OF_IT)]
    result = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True)
    assert result.stdout.endswith("new family lives\n"), result.stderr
