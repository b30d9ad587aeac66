"""Every policy is used, for pictures, texts and sounds, and the test examples stay as they are."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data.assemble import assemble
from keras_dl.data.spec import Column
from keras_dl.recipes.augmentation import Augmentation, kind_of

SHORT = {"seeds": 1, "steps": 40, "labels_per_class": (5, 20)}
GENERATOR = np.random.default_rng(0)


def some(kind, inputs, **options):
    columns = {
        kind: Column(kind=kind, shape=inputs.shape[1:], **options),
        "label": Column(kind="class", class_names=("0", "1")),
    }
    examples = {"train": {kind: inputs, "label": np.arange(len(inputs)) % 2}}
    return assemble(examples, columns, name="some", validation=0.2, seed=0)


def test_pictures(tmp_path, monkeypatch):
    kept = {"shift", "mixup", "upside_down", "flip"}
    whole = kind_of

    def shorter(data):
        kind = whole(data)
        for name in kind.policies.keys() - kept:
            del kind.policies[name]
        return kind

    monkeypatch.setattr("keras_dl.recipes.augmentation.kind_of", shorter)
    results, claims = short_run(Augmentation(out=str(tmp_path), **SHORT))
    assert len(results.rows) == 2 * (1 + len(kept))
    robust, moved, turned, mirrored = claims
    assert robust.held and robust.measured.mean() > 10
    assert moved.unit == "%" and turned.at_most == mirrored.at_most == 0


@pytest.mark.parametrize(
    ("kind", "inputs", "options", "policies"),
    [
        (
            "text",
            [f"{word} film {n}" for n in range(30) for word in ("good", "bad")],
            {},
            "synonyms typos delete swap eda",
        ),
        (
            "audio",
            GENERATOR.normal(0, 0.1, (60, 3000)).astype("float32"),
            {"rate": 8000},
            "pitch speed noise spec_augment",
        ),
    ],
)
def test_texts_and_sounds(tmp_path, monkeypatch, kind, inputs, options, policies):
    data = some(kind, np.array(inputs, object) if kind == "text" else inputs, **options)
    monkeypatch.setattr("keras_dl.experiments.experiment.load", lambda *_, **__: data)
    results, claims = short_run(Augmentation(out=str(tmp_path), **SHORT | {"steps": 2, "labels_per_class": (5,)}))
    assert {row["policy"] for row in results.rows} == {"none", *policies.split()}
    assert claims[0].at_least == 2


def test_the_test_examples_stay_as_they_are():
    recipe = Augmentation(**SHORT)
    (plain, labels), (moved, again) = recipe._tests.values()
    test = recipe.dataset.test
    np.testing.assert_array_equal(np.sort(plain.sum(axis=(1, 2, 3))), np.sort(test.inputs().sum(axis=(1, 2, 3))))
    np.testing.assert_array_equal(labels, again)
    assert not np.array_equal(plain, moved)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"labels_per_class": ()}, "labels_per_class must be (one number or more|at least 1)"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"learning_rate": -1.0}, "learning_rate must be above 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_run(options, words):
    with pytest.raises(UsageError, match=words):
        Augmentation(**options)


def test_vectors_of_numbers_are_refused():
    with pytest.raises(UsageError, match="some has vectors of numbers; pictures, texts or sounds are wanted"):
        kind_of(some("features", np.zeros((20, 3), "float32")))
