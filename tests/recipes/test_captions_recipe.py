"""A captioner sees what it is given, a blind one does not; the pictures are toys with captions."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import Data, Spec, Split
from keras_dl.data.dataset import SPLITS
from keras_dl.data.source import Array
from keras_dl.data.spec import Column
from keras_dl.recipes.captions import Captions


def toys(name, **_):
    """Pictures all red or all blue, with two captions."""
    colours = np.arange(80) % 2
    pictures = np.where(colours[:, None, None, None] == 0, [250, 30, 0], [0, 30, 250]) * np.ones((80, 32, 32, 1))
    words = np.array(["red", "blue"])[colours]
    texts = np.array([[f"a big {word} wall", f"this wall is quite {word}"] for word in words], object)
    columns = {"image": Column(kind="image", shape=(32, 32, 3)), "captions": Column(kind="texts", shape=(2,))}
    split = Split({"image": pictures.astype("uint8"), "captions": Array(texts)})
    return Data(spec=Spec(name=name, columns=columns), **dict.fromkeys(SPLITS, split))


def test_seeing_helps(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_dl.experiments.experiment.load", toys)
    monkeypatch.setattr("keras_dl.data.options.find_folder", lambda *_: None)
    recipe = Captions(
        data="toys",
        out=str(tmp_path),
        seeds=1,
        width=16,
        length=8,
        steps=250,
        batch_size=16,
        least=1,
        beam_width=2,
        learning_rate=2e-2,
    )
    results, claims = short_run(recipe)
    assert [claim.held for claim in claims[:3]] == [True] * 3
    assert results.mean("loss", sees="pictures") < results.mean("loss", sees="nothing") - 0.1
    for text, word in zip(results.values("texts", sees="pictures")[0], ["red", "blue"] * 3, strict=True):
        assert word in text
    assert len(set(results.values("texts", sees="nothing")[0])) == 1


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("width", 0, "width must be at least 1, got 0"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("beam_width", 0, "beam_width must be at least 1, got 0"),
        ("trunk", "resnet20_cifar11", "resnet20_cifar1"),
    ],
)
def test_options_that_cannot_run(tmp_path, monkeypatch, option, value, words):
    monkeypatch.setattr("keras_dl.experiments.experiment.load", toys)
    with pytest.raises(UsageError, match=words):
        Captions(data="toys", out=str(tmp_path), **{option: value}).run()
