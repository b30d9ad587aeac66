"""A saved model comes back with the same outputs, and a file that is not right is refused before it is used."""

import json
import shutil

import numpy as np
import pytest
import safetensors.numpy

import keras_dl
from keras_dl import UsageError, names, storage


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    config = keras_dl.get_config("mlp", input_shape=(6,), classes=3, hidden=(5,), normalization="batch")
    model = config.build()
    folder = tmp_path_factory.mktemp("models") / "small"
    return model, keras_dl.save(model, folder, config=config, class_names=("a", "b", "c"), card="# small\n")


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved[1], tmp_path / "copy")


def test_same_outputs(saved):
    model, folder = saved
    inputs = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    np.testing.assert_array_equal(keras_dl.load(folder)(inputs), model(inputs))
    again = keras_dl.build("mlp", input_shape=(6,), classes=3, hidden=(5,), normalization="batch", weights=folder)
    np.testing.assert_array_equal(again(inputs), model(inputs))


def test_halves_take_half_the_bytes_and_become_floats_again(saved, tmp_path):
    model, folder = saved
    config = keras_dl.saved_model.read_config(folder)
    half = keras_dl.save(model, tmp_path / "half", config=config, halves=True)
    sizes = [(one / "weights.safetensors").stat().st_size for one in (half, folder)]
    assert sizes[1] - sizes[0] == pytest.approx(2 * model.count_params(), rel=0.1)
    loaded = keras_dl.load(half)
    for one, other in zip(loaded.weights, model.weights, strict=True):
        assert one.dtype == "float32"
        np.testing.assert_array_equal(one, other.numpy().astype("float16"))
    weights = model.get_weights()
    large = config.build()
    large.set_weights([np.full_like(weights[0], 1e5), *weights[1:]])
    with pytest.raises(UsageError, match="halves hold no weights of this size, above 65,504: "):
        keras_dl.save(large, tmp_path / "large", config=config, halves=True)
    assert not (tmp_path / "large").exists()


def test_a_folder_at_home(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    model, folder = saved
    config = keras_dl.saved_model.read_config(folder)
    assert keras_dl.save(model, "~/models/small", config=config) == tmp_path / "models" / "small"
    assert keras_dl.load("~/models/small").count_params() == model.count_params()
    with pytest.raises(UsageError, match=f"{tmp_path}/no.h5"):
        keras_dl.build("resnet50", weights="~/no.h5")


def test_replaces_an_older_one(saved, copy):
    model, _ = saved
    keras_dl.save(model, copy, config=keras_dl.saved_model.read_contract(copy)["config"], card="# newer\n")
    assert (copy / "README.md").read_text() == "# newer\n"
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def rewrite_weights(folder, change):
    tensors = safetensors.numpy.load_file(folder / "weights.safetensors")
    change(tensors)
    storage.write(folder / "weights.safetensors", safetensors.numpy.save(tensors))
    storage.write_manifest(folder, format=1)


def test_a_missing_or_extra_or_misshapen_tensor_is_named(copy):
    rewrite_weights(copy, lambda tensors: tensors.update({"other/kernel": np.zeros(3, "float32")}))
    with pytest.raises(UsageError, match="'other/kernel' is .*expected none"):
        keras_dl.load(copy)
    rewrite_weights(copy, lambda tensors: tensors.pop("other/kernel"))
    rewrite_weights(copy, lambda tensors: tensors.pop("stage1_dense/bias"))
    with pytest.raises(UsageError, match="'stage1_dense/bias' is missing"):
        keras_dl.load(copy)


def test_values_that_are_not_finite_are_refused(copy):
    rewrite_weights(copy, lambda tensors: tensors["head/bias"].fill(np.nan))
    with pytest.raises(UsageError, match="'head/bias' holds values that are not finite"):
        keras_dl.load(copy)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"family": "os"}, "unknown family 'os'"),
        ({"hidden": [5_000_000_000]}, "hidden must be finite and at most 1,048,576, got (5000000000,)"),
        ({"hidden": [500_000]}, "bytes of weights"),
        ({"hidden": ["__import__('os')"]}, "hidden must be int"),
        ({"system": 1}, "unknown field of mlp 'system'"),
        ({"classes": 4}, "names 3 classes, its mlp has 4"),
        ({"classes": 2, "normalization": "layer"}, "names 3 classes, its mlp has 2"),
    ],
)
def test_a_config_that_is_not_of_the_weights_is_refused(copy, changes, words):
    config = json.loads((copy / "config.json").read_text())
    storage.write(copy / "config.json", json.dumps({**config, **changes}))
    storage.write_manifest(copy, format=1)
    with pytest.raises(UsageError) as error:
        keras_dl.load(copy)
    assert words in str(error.value)


def test_damage_and_other_formats_are_refused(copy):
    with open(copy / "weights.safetensors", "r+b") as file:
        file.seek(-3, 2)
        file.write(b"\x01")
    with pytest.raises(UsageError, match="is damaged"):
        keras_dl.load(copy)
    storage.write_manifest(copy, format=2)
    with pytest.raises(UsageError, match="has format 2; this version reads 1"):
        keras_dl.load(copy)


def test_weights_of_another_network_are_refused(saved):
    with pytest.raises(UsageError, match=r"holds another network than this mlp: it has hidden=\[5\], norm.*='batch'$"):
        keras_dl.build(keras_dl.get_config("mlp"), weights=saved[1])
    with pytest.raises(UsageError, match=r"holds another network than this mlp: it has hidden=\[5\]$"):
        keras_dl.build("mlp", weights=saved[1], hidden=(4,))
    with pytest.raises(UsageError, match="holds another network than this lenet: it is of the family mlp"):
        keras_dl.build("lenet5_modern", weights=saved[1])


def test_other_classes_get_a_fresh_head_on_what_was_learned(saved, capsys):
    model, folder = saved
    names.note.cache_clear()
    own = keras_dl.saved_model.read_config(folder)
    for network in ("mlp", own):
        fresh = keras_dl.build(network, weights=folder, classes=7)
        assert fresh.output_shape == (None, 7)
        kernels = [each.get_layer("stage1_dense").kernel.numpy() for each in (fresh, model)]
        np.testing.assert_array_equal(*kernels)
    assert f"note: {folder} holds another mlp, which is taken: it has hidden=[5]" in capsys.readouterr().err


def test_a_shipped_model_by_the_name_of_its_family():
    model = keras_dl.build("resnet18", weights="resnet18_flowers", classes=3, input_shape=(40, 48, 1))
    assert (model.input_shape, model.output_shape) == ((None, 40, 48, 1), (None, 3))


def test_an_input_that_cannot_be_adapted_to_is_refused(saved):
    with pytest.raises(UsageError, match=r"^weights for inputs of \(6,\) cannot be adapted to \(5,\) \(stage1_dense"):
        keras_dl.build("mlp", weights=saved[1], input_shape=(5,))


def test_an_unknown_name_shows_what_is_shipped():
    with pytest.raises(UsageError, match="no saved model at 'nothing'; choose one of .*lenet5_mnist, "):
        keras_dl.load("nothing")
    with pytest.raises(UsageError, match="no saved model at 'lenet_mnist'; did you mean lenet5_mnist"):
        keras_dl.load("lenet_mnist")
