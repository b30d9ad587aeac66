"""Classes of two texts: learned with their segments, measured and asked as pairs."""

import dataclasses

import numpy as np
import pytest
from jobs import JOBS

from keras_dl import UsageError, evaluate
from keras_dl.training.job import Job
from keras_dl.use.predictor import Predictor


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network that has learned from the toy, and its data."""
    config, task, data, options = JOBS["pairs"]()
    options = dataclasses.replace(options, epochs=15, learning_rate=5e-3)
    job = Job(network=config.replace(dropout=0.0), task=task, loading={}, options=options)
    folder = tmp_path_factory.mktemp("pairs")
    found = job.train(folder / "run", *task.adapt(job.network, data), verbose=0)
    found.save(folder / "model")
    return found, data, Predictor(folder / "model")


def test_it_learns_which_text_counts(trained):
    found, data, _ = trained
    assert found.evaluate(found.training.data.test)["accuracy"] > 0.9
    assert max(np.mean(data.train.labels), 1 - np.mean(data.train.labels)) < 0.7


def test_it_is_measured_on_both_texts(trained):
    found, data, predictor = trained
    scores = evaluate(predictor, data)
    assert scores["accuracy"] == pytest.approx(found.evaluate(found.training.data.test)["accuracy"])


def test_it_is_asked_for_two_texts_at_a_time(trained, tmp_path):
    _, data, predictor = trained
    texts = [data.train.columns[name].values for name in ("text", "second_text")]
    both = [text for pair in zip(*(column[:6] for column in texts), strict=True) for text in pair]
    sources, inputs = predictor.read(both)
    assert sources == [f"{one} | {other}" for one, other in zip(both[::2], both[1::2], strict=True)]
    assert set(inputs) == {"token_ids", "segment_ids"}
    answers = predictor.answers(sources, inputs)
    own = predictor.task.encoded(predictor.config, data, predictor.spec).train
    for name, values in inputs.items():
        np.testing.assert_array_equal(values, own.columns[name].values[:6])
    swapped = predictor.answers(*predictor.read([*reversed(both)]))
    assert [one.value for one in answers] != [one.value for one in swapped][::-1]
    (tmp_path / "pairs.txt").write_text("\n".join(both))
    lines = predictor.answers(*predictor.read([str(tmp_path / "pairs.txt")]))
    assert [one.value for one in lines] == [one.value for one in answers]
    with pytest.raises(UsageError, match="reads two texts at a time, the first and the second; got 1"):
        predictor.read(both[:1])
