"""A saved model answers for what a user has, and is measured on labelled data."""

import csv
import io
import json
import os
import types

import numpy as np
import pytest
from PIL import Image

import keras_dl
from keras_dl import UsageError
from keras_dl.data import Data, Spec, Split, load
from keras_dl.training import Options, build, fit
from keras_dl.use.evaluate import Evaluate
from keras_dl.use.predict import Predict
from keras_dl.use.predictor import Predictor


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def model(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("use")
    config = keras_dl.get_config("mlp").for_data(digits.spec)
    options = Options(epochs=6, learning_rate=3e-3)
    network = build(config, options)
    fit(network, config, digits, options, folder / "training", verbose=0)
    return keras_dl.save(network, folder / "model", config=config, class_names=digits.spec.class_names)


@pytest.fixture(scope="module")
def pictures(digits, tmp_path_factory):
    """Files of the test split, in folders of their classes and called by their places."""
    folder = tmp_path_factory.mktemp("pictures")
    for place, (pixels, label) in enumerate(zip(digits.test.inputs(), digits.test.labels, strict=True)):
        (folder / str(label)).mkdir(exist_ok=True)
        Image.fromarray(pixels[..., 0].round().astype("uint8")).save(folder / str(label) / f"{place:03}.png")
    return folder


def test_answers_are_those_of_the_network(model, pictures, digits):
    answers = keras_dl.predict(model, [pictures])
    assert len(answers) == len(digits.test)
    places = [int(answer.source[-7:-4]) for answer in answers]
    logits = keras_dl.load(model).predict(digits.test.inputs()[places].round(), verbose=0)
    guesses = [int(answer.classes[0][0]) for answer in answers]
    assert guesses == logits.argmax(axis=1).tolist()
    assert all(sum(share for _, share in answer.classes) == pytest.approx(1) for answer in answers)
    assert np.mean([answer.source.split("/")[-2] == answer.classes[0][0] for answer in answers]) > 0.9


def test_files_may_be_named_singly_and_repeatedly(model, pictures):
    one = next((pictures / "3").iterdir())
    first, second = keras_dl.predict(str(model), [str(one), one])
    assert first == second and first.source == str(one)


def test_a_coloured_picture_becomes_gray_for_a_gray_network(model, tmp_path):
    Image.new("RGB", (20, 30), (250, 10, 10)).save(tmp_path / "red.png")
    Image.new("L", (20, 30), round(0.2989 * 250 + 0.587 * 10 + 0.114 * 10)).save(tmp_path / "gray.png")
    red, gray = (dict(keras_dl.predict(model, tmp_path / name)[0].classes) for name in ("red.png", "gray.png"))
    assert all(red[name] == pytest.approx(gray[name], abs=0.01) for name in red)


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_forms_for_programs(model, pictures, capsys, kind):
    Predict(str(model), (str(pictures / "7"),), **{kind: True}).run()
    printed = capsys.readouterr().out
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(printed)))
        assert sum(float(rows[0][name]) for name in "0123456789") == pytest.approx(1, abs=1e-4)
    else:
        rows = json.loads(printed)
        assert max(rows[0]["probabilities"], key=rows[0]["probabilities"].get) == rows[0]["class"]
    assert len(rows) == len(list((pictures / "7").iterdir()))


def test_a_table_of_numbers(tmp_path):
    config = keras_dl.get_config("mlp", input_shape=(3,), classes=2, hidden=(4,))
    keras_dl.save(config.build(), tmp_path / "model", config=config, class_names=("no", "yes"))
    (tmp_path / "rows.csv").write_text("a,b,c\n1,2,3\n\n-1,0.5,1e3\n")
    answers = keras_dl.predict(tmp_path / "model", tmp_path / "rows.csv")
    assert [answer.source for answer in answers] == [f"{tmp_path / 'rows.csv'}:{line}" for line in (2, 4)]
    assert {name for name, _ in answers[0].classes} == {"no", "yes"}


@pytest.mark.parametrize(
    ("changes", "outputs", "shares"),
    [
        ({}, [0.0, 0.0, np.log(2)], [0.25, 0.25, 0.5]),
        ({"classifier_activation": "softmax"}, [0.2, 0.3, 0.5], [0.2, 0.3, 0.5]),
        ({"classifier_activation": "tanh"}, [-1.0, 0.0, 0.5], [0.0, 0.4, 0.6]),
        ({"classes": 1}, [np.log(3)], [0.25, 0.75]),
        ({"classes": 1, "classifier_activation": "sigmoid"}, [0.75], [0.25, 0.75]),
    ],
)
def test_probabilities_of_every_kind_of_output(tmp_path, changes, outputs, shares):
    config = keras_dl.get_config("mlp", **{"input_shape": (3,), "classes": 3, "hidden": (4,), **changes})
    names = ("no", "yes", "perhaps")[: len(shares)]
    predictor = Predictor(keras_dl.save(config.build(), tmp_path / "model", config=config, class_names=names))
    assert predictor.class_names == names
    predictor.model.predict = lambda inputs, **_: np.array([outputs], "float32")
    found = predictor.task.probabilities(predictor.model, predictor.config, {"features": np.zeros((1, 3))})
    np.testing.assert_allclose(found[0], shares, atol=1e-6)


def test_an_evaluation_leaves_scores_and_pictures(model, digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = Evaluate(str(model), "digits").run()
    assert found == keras_dl.evaluate(model, digits)
    guesses = keras_dl.load(model).predict(digits.test.inputs(), verbose=0).argmax(axis=1)
    assert found["accuracy"] == pytest.approx(np.mean(guesses == digits.test.labels))
    assert np.trace(found["confusion"]) == np.sum(guesses == digits.test.labels)
    kept = json.loads((tmp_path / "evaluations" / "1" / "scores.json").read_text())
    assert kept["accuracy"] == found["accuracy"] and kept["split"] == "test"
    for name in ("confusion", "calibration", "mistakes"):
        assert (tmp_path / "evaluations" / "1" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert f"accuracy {100 * found['accuracy']:.2f} % on 359 test examples" in capsys.readouterr().out
    assert Evaluate(str(model), "digits", split="all", out="all").run()["examples"] == 1797


@pytest.mark.parametrize(
    ("changed", "said"), [(False, ""), (True, "note: other examples than its training kept aside")]
)
def test_examples_that_may_have_been_learned_are_told(model, digits, tmp_path, capsys, changed, said):
    labels = "of another split" if changed else digits.test.fingerprint["columns"]["label"]["sha256"]
    contract = keras_dl.saved_model.read_contract(model)
    folder = keras_dl.save(
        keras_dl.load(model),
        tmp_path / "model",
        config=contract["config"],
        class_names=tuple(contract["class_names"]),
        facts={"test_labels": labels},
    )
    Evaluate(str(folder), "digits", out=str(tmp_path / "out")).run()
    assert ("note: other examples than its training kept aside" in capsys.readouterr().err) is changed


def test_data_with_other_classes_are_refused(model):
    arrays = np.full((6, 8, 8, 1), 200, "uint8"), np.arange(6) % 2
    spec = Spec.labelled(name="pets", kind="image", shape=(8, 8, 1), classes=2, class_names=("cat", "dog"), counts={})
    split = Split.of(*arrays, classes=2)
    data = Data(spec=spec, train=split, validation=split, test=split)
    with pytest.raises(UsageError, match="the model tells the classes 0, 1, 2, 3, 4 and 5 more; pets has cat, dog"):
        keras_dl.evaluate(model, data)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([], r"inputs must be files or folders, got \[\]"),
        (5, "inputs must be files or folders, got 5"),
        ([5], "an input must be a name or a path, got 5"),
        ([""], "an input must be a name or a path, got ''"),
        (["~nobody-at-all/a.png"], "there is no home folder ~nobody-at-all"),
        (["pipe.png"], "pipe.png is neither a file nor a folder"),
        (["nowhere"], "there is no file or folder nowhere"),
        (["empty"], "empty holds no pictures"),
        (["text.png"], r"1 of 1 pictures cannot be read: .*text\.png \(not a picture\)"),
        (["text.png", "good.png"], r"1 of 2 pictures cannot be read: .*; --skip-bad leaves them out"),
    ],
)
def test_wrong_inputs(model, tmp_path, monkeypatch, inputs, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    os.mkfifo("pipe.png")
    (tmp_path / "text.png").write_text("no picture")
    Image.new("L", (8, 8)).save(tmp_path / "good.png")
    with pytest.raises(UsageError, match=words) as error:
        keras_dl.predict(model, inputs)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,2\n", r"line 1, must hold 3 finite numbers, got 1,2"),
        ("1,2,nan\n", r"line 1, must hold 3 finite numbers, got 1,2,nan"),
        ("a,b,c\n1,2,x\n", r"line 2, holds what is no number: 1,2,x"),
        ("1,2,x\n1,2,3\n", r"line 1, holds what is no number: 1,2,x"),
        ("1,2,3\0\udcff\n", r"rows\.csv is no table of numbers: 'utf-8' codec can't decode"),
        ("1,2," + 150_000 * "3", r"rows\.csv is no table of numbers: field larger than field limit"),
        ("a,b,c\n", "holds no row of numbers"),
    ],
)
def test_wrong_tables(tmp_path, text, words):
    config = keras_dl.get_config("mlp", input_shape=(3,), classes=2, hidden=(4,))
    keras_dl.save(config.build(), tmp_path / "model", config=config)
    (tmp_path / "rows.csv").write_text(text, errors="surrogateescape")
    with pytest.raises(UsageError, match=words):
        keras_dl.predict(tmp_path / "model", tmp_path / "rows.csv")


def test_a_network_of_pixels_answers_with_a_mask(pictures, capsys):
    Predict("unet_mnist", (str(next((pictures / "3").iterdir())),), json=True).run()
    [row] = json.loads(capsys.readouterr().out)
    mask = np.array(row["mask"])
    assert mask.ndim == 2 and sum(row["pixels"].values()) == mask.size
    assert row["pixels"]["background"] == np.sum(mask == 0)


@pytest.mark.parametrize(
    ("facts", "said", "chosen"),
    [
        ({"data": {"name": "trec", "target": "label-coarse"}}, {}, {"target": "label-coarse"}),
        ({"data": {"name": "trec", "target": "label-coarse"}}, {"target": "label-fine"}, {"target": "label-fine"}),
        ({"data": {"name": "multi30k", "source": "de", "target": "en"}}, {}, {}),
        ({"data": {"name": "trec", "name of": "what else"}}, {}, {}),
        ({"data": "trec"}, {}, {}),
        ({}, {"source": "text"}, {"source": "text"}),
    ],
)
def test_the_data_of_a_training_are_read_as_they_were_there(facts, said, chosen):
    trained = types.SimpleNamespace(facts=facts)
    assert Evaluate(model="any", data="trec", **said)._chosen(trained) == chosen


def test_pictures_are_read_in_the_size_that_training_was_told(pictures, tmp_path, monkeypatch):
    small, sizes = load(str(pictures), image_size=5), []
    config = keras_dl.get_config("mlp").for_data(small.spec)
    folder = keras_dl.save(build(config, Options()), tmp_path / "model", config=config, spec=small.spec)
    monkeypatch.setattr(
        "keras_dl.use.evaluate.load", lambda *args, **settings: sizes.append(settings["image_size"]) or small
    )
    assert Evaluate(str(folder), str(pictures), out=str(tmp_path / "out")).run() == keras_dl.evaluate(folder, small)
    assert sizes == [5]


def test_samples_are_a_sheet_and_only_of_what_makes_them(model, tmp_path, capsys):
    config = keras_dl.get_config("dcgan", input_shape=(8, 8, 1), filters=4, latent_width=3)
    spec = Spec.labelled(name="some", kind="image", shape=(8, 8, 1), classes=2)
    task = keras_dl.tasks.get_task("adversarial_generation")
    folder = keras_dl.save(config.build(), tmp_path / "gan", config=config, task=task, spec=spec)
    answers = Predict(str(folder), samples=3, out=str(tmp_path / "sheet.png"), json=True).run()
    assert [answer.source for answer in answers] == ["seed 0", "seed 1", "seed 2"]
    assert json.loads(capsys.readouterr().out)[2]["image"] == answers[2].value["image"]
    assert Image.open(tmp_path / "sheet.png").size[0] > 100
    with pytest.raises(UsageError, match="learned by classification make no pictures of noise"):
        Predict(str(model), samples=3).run()
    with pytest.raises(UsageError, match="samples=3 are of the first seeds; give them or inputs, not both"):
        Predict(str(folder), ("1",), samples=3)
    with pytest.raises(UsageError, match="samples must be at least 1, got 0"):
        Predict(str(folder), samples=0)
    with pytest.raises(UsageError, match="samples must be above 0 and at most 10000, got 100000000"):
        Predict(str(folder), samples=100_000_000)
    with pytest.raises(UsageError, match="a file whose name ends in .png; got sheet.txt"):
        Predict(str(folder), samples=3, out="sheet.txt")
