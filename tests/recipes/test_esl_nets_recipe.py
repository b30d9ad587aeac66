"""LeCun's pictures are made as his report says, and the five networks stand beside his."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.data import Split, load
from keras_dl.recipes.esl_nets import PUBLISHED, EslNets, lecun_1989

SMALL = {"seeds": 1, "steps": 20}


@pytest.fixture(scope="module")
def digits():
    return load("digits").resized((16, 16, 1)).train


def drawing(picture):
    """What `picture` shows, wherever it stands: its columns from the first inked one on."""
    columns = np.flatnonzero(picture.any(axis=(0, 2)))
    return picture[:, columns[0] : columns[-1] + 1].tobytes()


def test_there_are_480_pictures_of_12_drawings_at_4_positions(digits):
    train, test = lecun_1989(digits, seed=0)
    assert np.bincount(train.labels).tolist() == [32] * 10
    assert np.bincount(test.labels).tolist() == [16] * 10
    pictures = np.concatenate([train.inputs(), test.inputs()])
    labels = np.concatenate([train.labels, test.labels])
    assert set(np.unique(pictures)) == {0, 255}
    assert len({picture.tobytes() for picture in pictures}) == 480
    for digit in range(10):
        drawings = [drawing(picture) for picture in pictures[labels == digit]]
        assert [drawings.count(one) for one in set(drawings)] == [4] * 12


def test_most_drawings_are_on_both_sides_as_in_the_report(digits):
    train, test = lecun_1989(digits, seed=0)
    learned = {drawing(picture) for picture in train.inputs()}
    known = np.mean([drawing(picture) in learned for picture in test.inputs()])
    assert known > 0.9


def test_the_seed_draws_the_drawings(digits):
    first, again, other = (lecun_1989(digits, seed)[0].inputs() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not {drawing(picture) for picture in first} <= {drawing(picture) for picture in other}


def test_a_class_with_few_drawings_is_refused():
    few = Split.of(np.zeros((110, 16, 16, 1), np.uint8), np.arange(110) % 10)
    with pytest.raises(UsageError, match="class 0 has 11 training pictures; the protocol needs 12"):
        lecun_1989(few, seed=0)


@pytest.mark.parametrize("protocol", ["1989", "all"])
def test_the_short_run(tmp_path, monkeypatch, protocol):
    monkeypatch.setattr(
        "keras_dl.recipes.esl_nets.PUBLISHED", {name: PUBLISHED[name] for name in ("esl_net1", "esl_net5")}
    )
    results, (sizes, lead) = short_run(EslNets(out=str(tmp_path), protocol=protocol, **SMALL))
    assert sizes.exact
    assert lead.published == "+18.4"
    assert results.values("links", network="esl_net5").tolist() == [5194]
    curves = results.values("curve")
    assert curves.shape == (2, 20)
    assert 0 <= curves.min() <= curves.max() <= 100


def test_shared_weights_learn(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "keras_dl.recipes.esl_nets.PUBLISHED", {name: PUBLISHED[name] for name in ("esl_net4", "esl_net5")}
    )
    curve = EslNets(out=str(tmp_path), seeds=1, steps=200).run().values("curve", network="esl_net5")[0]
    assert curve[-1] > max(60, curve[0] + 10)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("seeds", 0, "seeds must be at least 1, got 0"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("steps", 0, "steps must be a positive multiple of 20, got 0"),
        ("steps", 30, "steps must be a positive multiple of 20, got 30"),
        ("learning_rate", -1.0, "learning_rate must be above 0"),
        ("protocol", "1990", "unknown protocol '1990'"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        EslNets(**{option: value})
