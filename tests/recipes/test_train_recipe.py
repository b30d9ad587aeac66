"""From a name and data to a saved model that was measured once."""

import json
import re
import typing

import numpy as np
import pytest
from PIL import Image

from keras_dl import UsageError, get_config, load, predict
from keras_dl.augment import audio, image
from keras_dl.augment.mix import MIXES
from keras_dl.data import Spec
from keras_dl.data import load as load_data
from keras_dl.data.spec import Column
from keras_dl.experiments.recipe import Recipe
from keras_dl.learning import adapters
from keras_dl.recipes.train import Train
from keras_dl.saved_model import read_config
from keras_dl.tasks import get_task
from keras_dl.training.card import usage

SMALL = {"network": get_config("mlp", hidden=(16,)), "epochs": 2, "batch_size": 128}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("train") / "run"


@pytest.fixture(scope="module")
def result(folder):
    return Train(out=str(folder), **SMALL).run()


def test_the_saved_model_is_the_one_that_was_measured(result, folder):
    model, test = load(folder / "model"), load_data("digits").test
    guesses = model.predict(test.inputs(), verbose=0).argmax(axis=1)
    assert np.mean(guesses == test.labels) == pytest.approx(result["test_accuracy"], abs=1e-6)
    assert result["test_examples"] == len(test) == 359
    assert result["parameters"] == model.count_params()
    assert result["epochs"] == 2


def test_what_a_run_leaves(result, folder):
    assert json.loads((folder / "result.json").read_text()) == result
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "metrics.jsonl", "tensorboard", "checkpoints", "curves.png", "model"} <= names
    contract = json.loads((folder / "model" / "contract.json").read_text())
    assert contract["class_names"] == list("0123456789")
    split = {"seed": 0, "validation": 0.1, "batch_size": 128}
    held_out = load_data("digits").test.fingerprint["columns"]["label"]["sha256"]
    assert contract["facts"] == {**result, "data": {"name": "digits"}, "training": split, "test_labels": held_out}
    assert f"{100 * result['test_accuracy']:.2f} %" in (folder / "model" / "README.md").read_text()


def test_the_code_of_its_card_runs(result, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (9, 8), 200).save("picture.jpg")
    [code] = re.findall(r"```python\n(.*?)```", (folder / "model" / "README.md").read_text(), re.DOTALL)
    names = {}
    exec(code.replace("FOLDER", str(folder / "model")), names)
    assert names["answers"] == predict(folder / "model", ["picture.jpg"])


def test_adapters_are_trained_beside_saved_weights(folder, result, tmp_path):
    learned = Train(out=str(tmp_path / "run"), weights=str(folder), lora=4, **SMALL)
    found = learned.run()
    assert found["trained_parameters"] == 4 * (64 + 16) + 16 * 10 + 10 < found["parameters"] == result["parameters"]
    network, again = load(folder), load(tmp_path / "run" / "model")
    adapters.load(network, read_config(folder), tmp_path / "run" / "adapters.safetensors")
    x = load_data("digits").test.inputs()
    np.testing.assert_allclose(network(x), again(x), atol=1e-4)
    with pytest.raises(UsageError, match="lora=4 would keep random weights; give weights to start from"):
        Train(lora=4, **SMALL)


@pytest.mark.parametrize(
    ("task", "column", "words"),
    [
        ("adversarial_generation", Column(kind="image", shape=(8, 8, 1)), 'predict FOLDER "7"'),
        ("classification", Column(kind="image", shape=(8, 8, 1), rate=8000), 'predict FOLDER "recording.wav"'),
        ("contrastive", Column(kind="image", shape=(8, 8, 1)), "Measure it by `keras-dl evaluate FOLDER"),
        ("language_modeling", Column(kind="tokens", shape=(8,), classes=9), 'predict FOLDER "A text."'),
        ("regression", Column(kind="features", shape=(3,)), 'predict FOLDER "table.csv"'),
    ],
)
def test_a_card_says_how_to_ask(task, column, words):
    assert words in usage(Spec(name="data", columns={column.kind: column}, counts={}), get_task(task))


def test_a_finished_run_gives_the_same_result_again(result, folder):
    again = Recipe.from_folder(folder)
    assert again == Train(out=str(folder), **SMALL)
    assert again.run() == result


def test_a_run_can_be_repeated_to_the_bit(result, folder, tmp_path):
    assert Train(out=str(tmp_path), **SMALL).run()["test_loss"] == result["test_loss"]
    weights = "model/weights.safetensors"
    assert (tmp_path / weights).read_bytes() == (folder / weights).read_bytes()


def test_the_seed_and_the_augmentation_matter(result, tmp_path):
    losses = {result["test_loss"]}
    for name, options in (("seed", {"seed": 1}), ("augment", {"augment": ("flip", "shift")})):
        losses.add(Train(out=str(tmp_path / name), **SMALL, **options).run()["test_loss"])
    assert len(losses) == 3


def test_changed_and_mixed_pictures_are_for_training_alone(result, tmp_path):
    changed = Train(out=str(tmp_path), **SMALL, augment=("rotate", "mixup", "cutmix")).run()
    assert changed["parameters"] == result["parameters"]
    model, test = load(tmp_path / "model"), load_data("digits").test
    guesses = model.predict(test.inputs(), verbose=0).argmax(axis=1)
    assert np.mean(guesses == test.labels) == pytest.approx(changed["test_accuracy"], abs=1e-6)


def test_the_names_of_augment_are_all_there_are():
    names = typing.get_args(typing.get_args(typing.get_type_hints(Train)["augment"])[0])
    assert names == (*image.CHANGES, *MIXES, *audio.CHANGES)


def test_the_network_follows_the_data_and_keeps_its_fixed_size(tmp_path, capsys):
    Train(network=get_config("esl_net5"), epochs=1, batch_size=256, out=str(tmp_path)).run()
    assert json.loads((tmp_path / "model" / "config.json").read_text())["input_shape"] == [16, 16, 1]
    printed = capsys.readouterr().out
    assert "note: pixel values 0..16 were mapped to 0..255" in printed
    assert "1,060 parameters" in printed


def test_another_run_in_the_same_folder_is_refused(result, folder):
    with pytest.raises(UsageError, match="holds a run with batch_size=128, not 64; choose another folder"):
        Train(out=str(folder), **{**SMALL, "batch_size": 64}).run()


def test_a_run_is_prolonged(result, tmp_path):
    Train(out=str(tmp_path), **{**SMALL, "epochs": 1}).run()
    assert Train(out=str(tmp_path), **SMALL).run()["test_loss"] == result["test_loss"]


def test_it_starts_from_the_weights_of_a_saved_model(result, folder, tmp_path, capsys):
    start = {"weights": str(folder / "model"), "learning_rate": 1e-9, "epochs": 1}
    again = Train(out=str(tmp_path), **{**SMALL, **start}).run()
    assert again["test_accuracy"] == pytest.approx(result["test_accuracy"], abs=0.01)
    assert f"starting from {folder / 'model'}" in capsys.readouterr().out


def test_a_run_killed_before_its_first_checkpoint_starts_from_its_weights_again(folder, result, tmp_path):
    run = Train(out=str(tmp_path), **SMALL | {"epochs": 1}, weights=str(folder), learning_rate=1e-6)
    first = run.run()
    for checkpoint in (tmp_path / "checkpoints").iterdir():
        checkpoint.rename(checkpoint.with_name(f".{checkpoint.name}.x.tmp"))
    assert run.run()["test_loss"] == first["test_loss"]


def test_what_is_frozen_keeps_the_weights_it_started_from(folder, result, tmp_path):
    start = {"weights": str(folder / "model"), "freeze": ("stage1",), "epochs": 1}
    Train(out=str(tmp_path), **{**SMALL, **start}).run()
    before, after = load(folder / "model"), load(tmp_path / "model")
    for name, same in (("stage1_dense", True), ("head", False)):
        kernels = [np.array(model.get_layer(name).kernel) for model in (before, after)]
        assert np.array_equal(*kernels) is same


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"freeze": ("stem",)}, "freeze=stem would keep random weights; give weights to start from"),
        ({"weights": "lenet5_mnist", "initialization": "he"}, "initialization=he would undo weights=lenet5_mnist"),
    ],
)
def test_options_that_undo_each_other(options, words):
    with pytest.raises(UsageError, match=words):
        Train(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"data": "digitz", "data_dir": "nowhere"}, "data_dir nowhere is not a folder"),
        ({"validation": 1.5}, r"validation must be above 0 and below 1, got 1\.5"),
        ({"augment": ("color",)}, r"color changes RGB pictures, these have 1 channel\(s\); leave it out of augment"),
        ({"image_size": 0}, "image_size must be at least 1, got 0"),
        ({"network": get_config("resnet20"), "image_size": 2}, "2x2 is too small for this resnet_cifar"),
        ({"layer_rates": ("stem*=0.1",)}, r"layer_rates: 'stem\*' matches no layer of mlp that is trained"),
        ({"task": get_task("relative_localization")}, "needs a network with a map of embeddings, mlp has none"),
    ],
)
def test_a_folder_whose_options_were_wrong_can_be_used_again(tmp_path, options, words):
    with pytest.raises(UsageError, match=words):
        Train(out=str(tmp_path), **{**SMALL, **options}).run()
    assert Train(out=str(tmp_path), **SMALL).folder() == tmp_path
