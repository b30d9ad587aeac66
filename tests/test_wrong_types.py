"""What is of another type than the public functions take is refused in one line, not by an error from inside."""

from pathlib import Path

import pytest

import keras_dl
from keras_dl import UsageError, explain, saved_model, surgery, weights
from keras_dl.catalogue import read_config

CONFIG = keras_dl.get_config("mlp", input_shape=(6,), hidden=(5,), classes=3)
LENET = keras_dl.get_config("lenet5_modern")
CIRCLE: dict = {}
CIRCLE["facts"] = CIRCLE
build, load, save, describe = keras_dl.build, keras_dl.load, keras_dl.save, keras_dl.describe
list_models, get_config = keras_dl.list_models, keras_dl.get_config

CALLS = {
    "build(5)": lambda model: build(5),
    "build(None)": lambda model: build(None),
    "build([])": lambda model: build([]),
    "build('')": lambda model: build(""),
    "build of a model": lambda model: build(model),
    "build of a class": lambda model: build(type(CONFIG)),
    "build of bytes": lambda model: build(b"mlp"),
    "classes of text": lambda model: build("resnet20", classes="ten"),
    "classes None": lambda model: build("resnet20", classes=None),
    "classes NaN": lambda model: build("resnet20", classes=float("nan")),
    "classes true": lambda model: build("resnet20", classes=True),
    "input_shape 5": lambda model: build("resnet20", input_shape=5),
    "input_shape of text": lambda model: build("resnet20", input_shape="32x32"),
    "input_shape of None": lambda model: build("resnet20", input_shape=(None, None, 3)),
    "input_shape of two": lambda model: build("resnet20", input_shape=(32, 32)),
    "weights 3": lambda model: build("resnet20", weights=3),
    "weights true": lambda model: build("resnet20", weights=True),
    "weights []": lambda model: build("resnet20", weights=[]),
    "weights ''": lambda model: build("resnet20", weights=""),
    "weights of bytes": lambda model: build("resnet20", weights=b"x"),
    "weights of a model": lambda model: build("resnet20", weights=model),
    "weights of 5000 letters": lambda model: build("resnet20", weights="x" * 5000),
    "weights with a zero": lambda model: build("resnet20", weights="a\0b"),
    "a field called 3": lambda model: build("resnet20", **{"3": 3}),
    "load(None)": lambda model: load(None),
    "load(5)": lambda model: load(5),
    "load([])": lambda model: load([]),
    "load('')": lambda model: load(""),
    "load of bytes": lambda model: load(b"x"),
    "load of a model": lambda model: load(model),
    "load of 5000 letters": lambda model: load("x" * 5000),
    "load with a zero": lambda model: load("a\0b"),
    "load of two lines": lambda model: load("a\nb"),
    "load of nobody's home": lambda model: load("~nobody-at-all/model"),
    "read_contract(3)": lambda model: saved_model.read_contract(3),
    "list_models(3)": lambda model: list_models(3),
    "list_models(None)": lambda model: list_models(None),
    "list_models([])": lambda model: list_models(["mlp"]),
    "a task 3": lambda model: list_models(task=3),
    "a task []": lambda model: list_models(task=[]),
    "a family 3": lambda model: list_models(family=3),
    "parameters of text": lambda model: list_models(min_parameters="many"),
    "parameters []": lambda model: list_models(max_parameters=[1]),
    "parameters NaN": lambda model: list_models(max_parameters=float("nan")),
    "get_config(None)": lambda model: get_config(None),
    "get_config({})": lambda model: get_config({}),
    "hidden of text": lambda model: get_config("mlp", hidden="8"),
    "describe([])": lambda model: describe([]),
    "describe of a model": lambda model: describe(model),
    "depth of text": lambda model: describe("mlp", depth="two"),
    "a factor of text": lambda model: CONFIG.scaled(width="2"),
    "a factor NaN": lambda model: CONFIG.scaled(width=float("nan")),
    "a factor without end": lambda model: CONFIG.scaled(width=float("inf")),
    "a factor of a million": lambda model: CONFIG.scaled(width=1e6),
    "JSON 5": lambda model: read_config(5),
    "JSON None": lambda model: read_config(None),
    "save(None)": lambda model: save(None, "folder", config=CONFIG),
    "save without a config": lambda model: save(model, "folder", config={}),
    "save with another config": lambda model: save(model, "folder", config=LENET),
    "save into 5": lambda model: save(model, 5, config=CONFIG),
    "save into None": lambda model: save(model, None, config=CONFIG),
    "save into ''": lambda model: save(model, "", config=CONFIG),
    "class_names 3": lambda model: save(model, "folder", config=CONFIG, class_names=3),
    "class_names of text": lambda model: save(model, "folder", config=CONFIG, class_names="abc"),
    "class_names of numbers": lambda model: save(model, "folder", config=CONFIG, class_names=(1, 2, 3)),
    "a class name twice": lambda model: save(model, "folder", config=CONFIG, class_names=("a", "b", "a")),
    "a class name too few": lambda model: save(model, "folder", config=CONFIG, class_names=("a", "b")),
    "a card 3": lambda model: save(model, "folder", config=CONFIG, card=3),
    "facts in a list": lambda model: save(model, "folder", config=CONFIG, facts=[1]),
    "facts that are no JSON": lambda model: save(model, "folder", config=CONFIG, facts={"a": object()}),
    "facts with a key twice": lambda model: save(model, "folder", config=CONFIG, facts={1: 2, "1": 3}),
    "a card that is no UTF-8": lambda model: save(model, "folder", config=CONFIG, card="\udcfc"),
    "save at nobody's home": lambda model: save(model, "~nobody-at-all/model", config=CONFIG),
    "facts in a circle": lambda model: save(model, "folder", config=CONFIG, facts=CIRCLE),
    "freeze a text": lambda model: surgery.freeze(model, "head"),
    "freeze None": lambda model: surgery.freeze(model, None),
    "freeze 3": lambda model: surgery.freeze(model, 3),
    "freeze [3]": lambda model: surgery.freeze(model, [3]),
    "freeze of a name": lambda model: surgery.freeze("mlp", ["head"]),
    "transplant from a name": lambda model: surgery.transplant("mlp", CONFIG),
    "transplant to a name": lambda model: surgery.transplant(model, "mlp"),
    "transplant to another family": lambda model: surgery.transplant(model, LENET),
    "fresh of text": lambda model: surgery.transplant(model, CONFIG, fresh="head"),
    "fresh None": lambda model: surgery.transplant(model, CONFIG, fresh=None),
    "embedding(5)": lambda model: surgery.embedding(5),
    "features(None)": lambda model: surgery.features(None),
    "features without maps": lambda model: surgery.features(model),
    "strides of a name": lambda model: surgery.strides("mlp"),
    "stages(5)": lambda model: surgery.stages(5),
    "a file 3": lambda model: weights.load(model, get_config("resnet18"), 3),
    "explain a name": lambda model: explain.gradient("mlp", [[0.0] * 6], [0]),
    "explain no inputs": lambda model: explain.gradient(model, None, [0]),
    "explain texts": lambda model: explain.gradient(model, ["a"], [0]),
    "available(5)": lambda model: weights.available(5),
    "available('x')": lambda model: weights.available("x"),
}


@pytest.fixture(scope="module")
def model():
    return CONFIG.build()


@pytest.mark.parametrize("call", CALLS)
def test_refused_in_one_line(model, tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as error:
        CALLS[call](model)
    assert "\n" not in str(error.value)
    assert list(Path().iterdir()) == []
