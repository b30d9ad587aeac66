"""The command predict for models that write: parts as they come, whole in a pipe, its options refused in one line."""

import contextlib
import io
import json

import numpy as np
import pytest

import keras_dl
from keras_dl import UsageError
from keras_dl.cli.commands import dispatch
from keras_dl.data.spec import Column, Spec
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.tasks import get_task
from keras_dl.use.writing import FIELDS, legible, writing

LETTERS = "abcdefgh \n"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a saved model that goes on with letters."""
    vocabulary = Vocabulary.of([LETTERS], "characters")
    config = keras_dl.get_config(
        "gpt2_small", blocks=1, heads=2, head_width=8, length=12, vocabulary_size=len(vocabulary), dropout=0.0
    )
    network = config.build()
    generator = np.random.default_rng(0)
    network.set_weights([generator.normal(size=weight.shape) for weight in network.get_weights()])
    column = Column(kind="tokens", shape=(12,), classes=len(vocabulary), vocabulary=vocabulary.to_json())
    folder = tmp_path_factory.mktemp("writing") / "model"
    task = get_task("language_modeling").replace(written=7)
    following = Column(kind="tokens", shape=(1,), classes=len(vocabulary))
    spec = Spec(name="letters", columns={"token_ids": column, "following": following})
    return str(keras_dl.save(network, folder, config=config, task=task, spec=spec))


def said(*words):
    """What the command prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        dispatch("predict", *words)
    return out.getvalue()


def test_a_text_is_written_to_its_end_in_parts(model, monkeypatch):
    text = said(model, "abba", "--max-tokens", "90")
    assert text.startswith("abba") and len(text) == 4 + 90 + 1
    [answer] = json.loads(said(model, "abba", "--max-tokens", "90", "--json"))
    assert answer["text"] + "\n" == text
    parts = []
    monkeypatch.setattr("builtins.print", lambda *words, **settings: parts.append((words, settings)))
    dispatch("predict", model, "abba", "--max-tokens", "90")
    assert len(parts) > 10 and all(settings == {"end": "", "flush": True} for _, settings in parts[:-1])


def test_options_change_what_is_written(model):
    short = said(model, "abba")
    assert len(short) == 4 + 7 + 1
    drawn = said(model, "abba", "--max-tokens", "60")
    likeliest = said(model, "abba", "--max-tokens", "60", "--temperature", "0")
    assert said(model, "abba", "--max-tokens", "60", "--top-k", "1") == likeliest != drawn
    assert said(model, "abba", "--max-tokens", "60", "--top-p", "1e-9") == likeliest
    assert said(model, "abba", "--max-tokens", "60", "--seed", "1") != drawn
    assert said(model, "abba", "--max-tokens", "60", "--beams", "3") != likeliest
    several = said(model, "abba", "ad", "--temperature", "0")
    assert "abba" in several and "ad" in several


def test_weights_of_a_type_write_the_text_by_xla(model):
    options = ["--max-tokens", "12", "--temperature", "0", "--weights"]
    assert said(model, "abba", *options, "float32") == said(model, "abba", *options[:-1])
    assert len(said(model, "abba", *options, "int8")) == 4 + 12 + 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--weights", "int8", "--beams", "2"], "weights=int8 is for one beginning at a time; got 2 beams"),
        (["--max-tokens", "0"], "max_tokens must be at least 1, got 0"),
        (["--top-k", "0"], "top_k must be at least 1, got 0"),
        (["--beams", "0"], "beams must be at least 1, got 0"),
        (["--top-p", "0"], "top_p must be above 0 and at most 1, got 0"),
        (["--temperature=-1"], "temperature must be at least 0 and finite, got -1"),
        (["--beams", "2", "--top-k", "3"], "beams look for the likeliest text, nothing is drawn; leave top_k out"),
        (["--temperature", "0", "--seed", "3"], "temperature 0 takes the likeliest token; leave seed out"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_a_line(model, options, words):
    with pytest.raises(UsageError) as error:
        said(model, "abba", *options)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_models_that_do_not_write_refuse_the_options():
    task = get_task("classification")
    assert writing(task, dict.fromkeys(FIELDS)) == task
    with pytest.raises(UsageError, match="--max-tokens is for models that write so, this one learned classification"):
        writing(task, {"max_tokens": 3})
    with pytest.raises(UsageError, match="--top-k is for models that write so, .* it takes --beams"):
        writing(get_task("translation"), {"top_k": 3})
    assert writing(get_task("translation"), {"beams": 3}).beam_width == 3


def test_what_would_steer_a_terminal_is_not_printed():
    assert legible("a\x1b[2Jb\n\t\u00e4\r") == "a\ufffd[2Jb\n\t\u00e4\ufffd"
