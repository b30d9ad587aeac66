"""What a trial reports is what its kept weights can do, on the data of its search, whatever lies beside it."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

import keras_dl
from keras_dl import get_config
from keras_dl.data import load
from keras_dl.data.fingerprint import keep
from keras_dl.search import Settings, worker
from keras_dl.search.child import CannotGoOn
from keras_dl.tasks import get_task
from keras_dl.training.job import Job

CONFIG = get_config("mlp", hidden=(32,), input_shape=(8, 8, 1), classes=10)
SETTINGS = Settings(epochs=12, batch_size=128, learning_rate=0.05)


JOB = Job(network=CONFIG, task=get_task("classification"), loading={"name": "digits"}, options=SETTINGS.training())


def order(settings=SETTINGS, job=JOB, **changes):
    return worker.Order(job=dataclasses.replace(job, options=settings.training()), **changes)


def train(folder, wanted):
    folder.mkdir()
    wanted.write(folder)
    return worker.train(folder)


def test_with_patience_the_accuracy_is_that_of_the_weights_that_are_kept(tmp_path):
    result = train(tmp_path / "0000", order(dataclasses.replace(SETTINGS, patience=1)))
    assert result["kept_epoch"] < result["epochs"]
    model, validation = keras_dl.load(tmp_path / "0000" / "model"), load("digits").validation
    right = (model.predict(validation.inputs(), verbose=0).argmax(-1) == validation.labels).mean()
    assert right == pytest.approx(result["score"], abs=1e-6)


def test_only_the_checkpoints_of_the_same_training_are_gone_on_from(tmp_path):
    short, seed = dataclasses.replace(SETTINGS, epochs=1), dataclasses.replace(SETTINGS, epochs=1, seed=5)
    train(tmp_path / "same", order(short)), train(tmp_path / "other", order(seed))
    longer = dataclasses.replace(SETTINGS, epochs=2)
    alone = train(tmp_path / "alone", order(longer))
    for parent, begun in (("same", True), ("other", False)):
        folder = tmp_path / f"after-{parent}"
        folder.mkdir()
        order(longer, parent=tmp_path / parent).write(folder)
        worker._inherit(tmp_path / parent, folder, worker._read(folder))
        assert (folder / "checkpoints").exists() == begun
        assert worker.train(folder)["weights_sha256"] == alone["weights_sha256"]


def test_a_picture_that_comes_while_the_search_runs_stops_it(tmp_path):
    photos = tmp_path / "photos"
    for name in ("a", "b"):
        (photos / name).mkdir(parents=True)
        for number in range(12):
            pixels = np.random.default_rng(number).integers(0, 255, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(photos / name / f"{number}.png")
    keep(load(str(photos)), tmp_path)
    Image.new("L", (8, 8)).save(photos / "a" / "new.png")
    config = CONFIG.for_data(load(str(photos)).spec)
    wanted = order(job=dataclasses.replace(JOB, network=config, loading={"name": str(photos)}), search=tmp_path)
    with pytest.raises(CannotGoOn, match="the data have changed since the run in .* new picture"):
        train(tmp_path / "0000", wanted)
