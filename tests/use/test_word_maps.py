"""Saved models say which words of a text made their answers, in numbers and in a picture."""

import numpy as np
import pytest

from keras_dl import UsageError, get_config, saved_model
from keras_dl.data import Data, Spec, Split
from keras_dl.data.answers import of_answers
from keras_dl.data.spec import Column
from keras_dl.tasks import get_task
from keras_dl.use.predictor import Predictor
from keras_dl.use.word_maps import draw_word_maps, word_maps

TEXTS = np.array(["the film is bad", "so good it is", "it is the film"] * 4, object)


def labelled():
    columns = {"text": Column(kind="text"), "label": Column(kind="class", class_names=("bad", "good"))}
    split = Split({"text": TEXTS, "label": np.arange(12) % 2})
    return Data(spec=Spec(name="toy", columns=columns), train=split, validation=split, test=split)


def questions():
    rows = [("Who runs?", "The red cat runs.", ["red cat"], 4)] * 3
    return of_answers({"train": rows, "validation": rows, "test": rows}, name="toy", validation=0.1, seed=0)


MODELS = {
    "classification": ("kim_cnn", {"length": 8, "embedding_width": 8, "maps": 4}, {}, labelled),
    "language_modeling": ("gpt2_small", {"length": 24, "heads": 2, "head_width": 8, "blocks": 1}, {}, labelled),
    "question_answering": ("bert_tiny", {"length": 24, "head_width": 8}, {"vocabulary_size": 60}, questions),
}


@pytest.fixture(params=MODELS)
def predictor(request, tmp_path):
    """A saved model of each task whose answers have heat maps."""
    name, sizes, options, data = MODELS[request.param]
    task = get_task(request.param, **options)
    config, data = task.adapt(get_config(name, **sizes), data())
    saved_model.save(config.build(), tmp_path / "saved", config=config, task=task, spec=data.spec)
    return Predictor(tmp_path / "saved")


def test_each_word_has_a_value(predictor, tmp_path):
    texts = ["Who runs?", "The red cat runs."] if predictor.task.name == "question_answering" else ["so it is good"]
    [one] = word_maps(predictor, texts)
    assert "".join("".join(one.words).split()) == "".join("".join(texts).lower().split())
    assert len(one.values) == len(one.words) and any(one.values)
    [other] = word_maps(predictor, texts, "occlusion")
    assert other.words == one.words and other.values != one.values
    draw_word_maps([one, other], ["gradient x input", "occlusion, $5"], tmp_path / "maps.png")
    assert (tmp_path / "maps.png").read_bytes().startswith(b"\x89PNG")


def test_models_without_words_are_refused(tmp_path):
    columns = {
        "features": Column(kind="features", shape=(2,)),
        "label": Column(kind="class", class_names=("bad", "good")),
    }
    spec, config = Spec(name="toy", columns=columns), get_config("mlp", input_shape=(2,), classes=2, hidden=(4,))
    saved_model.save(config.build(), tmp_path / "saved", config=config, task=get_task("classification"), spec=spec)
    (tmp_path / "rows.csv").write_text("1,2\n")
    with pytest.raises(UsageError, match="heat maps of words are for networks that read tokens; mlp takes features"):
        word_maps(tmp_path / "saved", [tmp_path / "rows.csv"])
