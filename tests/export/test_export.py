"""An export gives what the original gives in the runtime it is for; it stands complete, or is not there."""

import dataclasses
import importlib.util
import json
import re

import keras
import numpy as np
import pytest
from data.data_on_disk import fill
from small_networks import SMALL, examples

import keras_dl
from keras_dl import UsageError, storage
from keras_dl.cli import main
from keras_dl.data import load
from keras_dl.export import Export
from keras_dl.export.comparison import TOLERANCE, compare
from keras_dl.export.formats import FORMATS, LITERT_INT8

FAMILIES = ("alexnet", "esl_nets", "lecun1989", "mobilenet_v2", "resnet_cifar", "unet", "vit")
DIGITS = tuple(map(str, range(10)))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    keras.utils.set_random_seed(0)
    config = keras_dl.get_config("esl_net4", maps=(2, 8))
    folder = tmp_path_factory.mktemp("models") / "small"
    return keras_dl.save(config.build(), folder, config=config, class_names=DIGITS)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """A small network by its family, with the folder where it is saved, inputs and outputs."""
    folder, made = tmp_path_factory.mktemp("families"), {}

    def network(family):
        if family not in made:
            keras.utils.set_random_seed(0)
            config = next(config for config in SMALL if config.family == family)
            model, (x, _) = config.build(), examples(config, 5)
            x = x.astype(model.inputs[0].dtype)
            path = keras_dl.save(model, folder / family, config=config)
            made[family] = model, path, x, model(x, training=False).numpy()
        return made[family]

    return network


@pytest.mark.parametrize("family", ["dcgan", "cyclegan"])
def test_of_adversaries_a_generator_is_exported(tmp_path, family):
    keras.utils.set_random_seed(0)
    small = {"dcgan": {"latent_width": 5}, "cyclegan": {"blocks": 1, "halvings": 1}}[family]
    config = keras_dl.get_config(family, input_shape=(8, 8, 1), filters=4, **small)
    network, options = config.build(), {"domains": ("3", "8")} if family == "cyclegan" else {}
    task = keras_dl.tasks.get_task(config.task, **options)
    spec = task.encoded(config, load("digits")).spec
    folder = keras_dl.save(network, tmp_path / family, config=config, task=task, spec=spec)
    out = Export(str(folder), "saved_model", out=str(tmp_path / "out")).run()
    contract = json.loads((out / "contract.json").read_text())
    expected = {"dcgan": ("noise", [None, 5]), "cyclegan": ("image", [None, 8, 8, 1])}[family]
    assert (contract["input"]["kind"], contract["input"]["shape"]) == expected
    assert contract["output"]["values"] == "pixels" and contract["output"]["shape"] == [None, 8, 8, 1]
    generator = network.get_layer("generator" if family == "dcgan" else "generator_ab")
    x = np.random.default_rng(1).normal(size=(3, *expected[1][1:])).astype("float32")
    [found] = FORMATS["saved_model"].run(out / FORMATS["saved_model"].file, [x])
    np.testing.assert_allclose(found, generator(x), atol=1e-3)


@pytest.mark.parametrize("name", ["keras", "saved_model", "litert", "litert-int8", "onnx", "stablehlo"])
def test_the_card_says_how_to_run_it(saved, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    kind, _, quantize = name.partition("-")
    out = tmp_path / Export(str(saved), kind, quantize or None).run()
    monkeypatch.chdir(out)
    names = {"x": np.random.default_rng(0).uniform(0, 255, (3, 16, 16, 1)).astype("float32")}
    exec(re.search(r"```python\n(.*?)```", (out / "README.md").read_text(), re.DOTALL)[1], names)
    expected = keras_dl.load(saved)(names["x"])
    tolerance = 0.05 if quantize else TOLERANCE
    np.testing.assert_allclose(names["y"], expected, atol=tolerance * np.abs(expected).max())

    assert (out / "labels.txt").read_text().split() == list(DIGITS)
    contract = json.loads((out / "contract.json").read_text())
    assert contract["input"] == {
        "name": "image",
        "kind": "image",
        "shape": [None, 16, 16, 1],
        "dtype": "float32",
        "values": [0, 255],
    }
    assert contract["output"] == {"shape": [None, 10], "dtype": "float32", "values": "sigmoid"}
    assert contract["comparison"]["examples"] == 359
    assert contract["comparison"]["accuracy"] == pytest.approx(contract["comparison"]["exported_accuracy"], abs=0.05)
    assert (contract["comparison"]["relative_difference"] > TOLERANCE) == bool(quantize)
    hashes = json.loads((out / "manifest.json").read_text())["files"]
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert files == {*hashes, "manifest.json"}
    assert all(storage.fingerprint(out / path) == expected for path, expected in hashes.items())
    assert [path.name for path in out.parent.iterdir()] == [f"small-{name}"]


@pytest.mark.parametrize("name", ["saved_model", "litert", "onnx"])
@pytest.mark.parametrize("family", FAMILIES)
def test_networks_are_the_same_in_other_runtimes(networks, tmp_path, family, name):
    model, folder, x, expected = networks(family)
    path = tmp_path / FORMATS[name].file
    FORMATS[name].write(model, folder, path)
    outputs = np.concatenate(FORMATS[name].run(path, [x[:3], x[3:]]))
    assert np.abs(outputs - expected).max() <= TOLERANCE * np.abs(expected).max()


def test_a_border_before_a_pool_of_one_pixel(tmp_path):
    """onnxruntime refuses what it makes of this part of NASNet, were it exported as it is."""
    inputs = keras.Input((4, 4, 1))
    border = keras.layers.ZeroPadding2D(((0, 1), (0, 1)))(inputs)
    model = keras.Model(inputs, keras.layers.AveragePooling2D(1, 2)(border))
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 1)).astype("float32")
    expected = model(x).numpy()
    FORMATS["onnx"].write(model, tmp_path, tmp_path / "model.onnx")
    np.testing.assert_array_equal(FORMATS["onnx"].run(tmp_path / "model.onnx", [x])[0], expected)


def test_float64_and_operations_that_a_format_does_not_have(networks, tmp_path):
    model, folder, x, expected = networks("memorizing_relu_net")
    FORMATS["onnx"].write(model, folder, tmp_path / "model.onnx")
    (outputs,) = FORMATS["onnx"].run(tmp_path / "model.onnx", [x])
    np.testing.assert_allclose(outputs, expected, atol=1e-12 * np.abs(expected).max())
    with pytest.raises(UsageError, match="^LiteRT cannot hold .*: it has no operation MatMul, .* for float64$"):
        FORMATS["litert"].write(model, folder, tmp_path / "model.tflite")

    with pytest.raises(UsageError, match="^LiteRT keeps all weights of minimal_cnn_gap as floats"):
        LITERT_INT8.write(*networks("minimal_cnn_gap")[:2], tmp_path / "model.tflite")

    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.ops.erfinv(inputs), name="inverse")
    model(np.zeros((1, 3)))
    with pytest.raises(UsageError, match="^ONNX cannot hold inverse: it has no operation Erfinv$"):
        FORMATS["onnx"].write(model, folder, tmp_path / "model.onnx")


def test_nothing_is_left_of_a_network_that_became_another(saved, tmp_path, monkeypatch):
    def wrong(path, batches):
        return [outputs * (1 + 2 * TOLERANCE) for outputs in FORMATS["saved_model"].run(path, batches)]

    monkeypatch.chdir(tmp_path)
    changed = dataclasses.replace(FORMATS["keras"], run=wrong, write=FORMATS["saved_model"].write, file="saved_model")
    monkeypatch.setitem(FORMATS, "keras", changed)
    with pytest.raises(UsageError, match="^keras computes something else: .* differ by 2.0e-04 of the largest"):
        Export(str(saved), "keras").run()
    assert list((tmp_path / "exports").iterdir()) == []


def test_what_a_killed_export_left_is_swept(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    left = tmp_path / "exports" / ".small-keras.abcd1234.tmp"
    left.mkdir(parents=True)
    (left / "model.keras").write_bytes(b"half of it")
    Export(str(saved), "keras").run()
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["small-keras"]


def test_classes_of_any_name(tmp_path, monkeypatch):
    """Folders may be called in no encoding at all, or have a line break in their name."""
    monkeypatch.chdir(tmp_path)
    config = keras_dl.get_config("mlp", input_shape=(8, 8, 1), classes=3, hidden=(4,))
    class_names = ("caf\udce9", "two\nlines", "$5_{")
    keras_dl.save(config.build(), tmp_path / "run" / "model", config=config, class_names=class_names)
    out = Export("run", "keras").run()
    assert out.name == "run-keras"
    assert (out / "labels.txt").read_text(encoding="utf-8").splitlines() == [r"caf\udce9", r"two\nlines", "$5_{"]
    assert r"The classes are caf\udce9, two\nlines, $5_{." in (out / "README.md").read_text(encoding="utf-8")
    assert json.loads((out / "contract.json").read_text())["class_names"] == list(class_names)


def test_compared_on_the_pictures_that_can_be_read(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "photos")
    (tmp_path / "photos" / "cat" / "bad.png").write_text("no picture")
    with pytest.raises(UsageError, match="1 of .* pictures cannot be read: .*; --skip-bad leaves them out"):
        Export(str(saved), "keras", data="photos/").run()
    assert Export(str(saved), "keras", data="photos/", skip_bad=True).run().is_dir()


def test_mistakes_are_one_line(saved, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def message(*arguments):
        with pytest.raises(SystemExit) as exit:
            main(("export", *arguments))
        output, errors = capsys.readouterr()
        assert (exit.value.code, output, errors.count("\n")) == (2, "", 1)
        return errors

    assert "choose one of" in message("nothing", "--format", "onnx")
    assert "--format {keras,saved_model,litert,onnx,stablehlo}" in message("lenet5_mnist")
    assert "quantize is int8, for the format litert" in message(
        "lenet5_mnist", "--format", "onnx", "--quantize", "int8"
    )
    (tmp_path / "there").mkdir()
    assert "there exists; delete it" in message("lenet5_mnist", "--format", "keras", "--out", "there")
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None)
        words = "onnx needs onnx, onnxruntime, tf2onnx, not installed: pip install 'keras-dl[export]'"
        assert words in message("lenet5_mnist", "--format", "onnx")
    with pytest.raises(UsageError, match="a file of onnx holds less than 2 GiB, the weights have 2,147,483,648 bytes"):
        FORMATS["onnx"].check("onnx", 2**31)
    features = keras_dl.get_config("mlp", input_shape=(6,))
    folder = keras_dl.save(features.build(), tmp_path / "features", config=features)
    assert "mlp takes inputs of shape (6,), digits has (8, 8, 1)" in message(str(folder), "--format", "keras")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert "export needs KERAS_BACKEND=tensorflow, got jax" in message(str(saved), "--format", "keras")


def test_comparison():
    original = np.array([[1.0], [-4.0], [2.0]])
    same = compare(original, original, data="d", labels=np.array([1, 0, 0]), threshold=0.0)
    assert (same.relative_difference, same.equal_answers, same.accuracy) == (0.0, 1.0, 2 / 3)
    other = compare(original, -original / 2, data="d", labels=np.array([1, 0, 0]), threshold=0.0)
    assert (other.largest_difference, other.relative_difference, other.equal_answers) == (6.0, 1.5, 0.0)
    assert other.exported_accuracy == pytest.approx(1 / 3)
    with pytest.raises(UsageError, match="differ by nan"):
        compare(original, original * np.nan, data="d", labels=None, threshold=0.0).check("onnx")
    with pytest.raises(UsageError, match=r"of shape \(3,\), not \(3, 1\)"):
        compare(original, original[:, 0], data="d", labels=None, threshold=0.0)
