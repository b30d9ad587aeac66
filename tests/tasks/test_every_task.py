"""What holds for every task: it trains all weights, and what it has trained is saved, loaded, measured and asked."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from jobs import JOBS

import keras_dl
from keras_dl import UsageError
from keras_dl.tasks import from_json, names
from keras_dl.training import build
from keras_dl.training.loop import Training
from keras_dl.use.predictor import Predictor

STILL = dict.fromkeys(("contrastive", "masked_reconstruction", "layerwise_denoising"), ("head",))
"""stages that a task leaves as they are"""
WITHOUT_ANSWERS = {"contrastive", "masked_reconstruction", "layerwise_denoising"}
LAYERS = {"layerwise_divergence": 3, "layerwise_denoising": 3}
"""how many learn one after another, an epoch at least each"""


def test_every_task_has_a_job():
    assert {job()[1].name for job in JOBS.values()} == set(names())


@pytest.mark.parametrize("name", JOBS)
def test_it_trains_and_what_it_trained_is_used(name, tmp_path):
    config, task, raw, options = JOBS[name]()
    assert from_json(json.loads(json.dumps(task.to_json()))) == task
    config, data = task.adapt(config, raw)
    told, network = task.for_data(data.spec), build(config, options)
    before = {id(variable): variable.numpy() for variable in network.trainable_variables}
    short = dataclasses.replace(options, epochs=LAYERS.get(task.name, 1))
    training = Training(network, config, task, data, short, tmp_path / "run", verbose=0)
    *_, row = training.run()
    assert np.isfinite(row[task.objective.key]) and np.isfinite(row[task.watched.key])
    for variable in network.trainable_variables:
        still = any(layer in variable.path for layer in STILL.get(task.name, ()))
        assert still or np.any(before[id(variable)] != variable.numpy()), f"{variable.path} did not move"

    facts = {"training": {"batch_size": options.batch_size}}
    folder = keras_dl.save(network, tmp_path / "model", config=config, task=task, spec=data.spec, facts=facts)
    contract = keras_dl.saved_model.read_contract(folder)
    assert contract["task"] == task and contract["spec"].columns == data.spec.columns
    predictor = Predictor(folder)
    x, *_ = next(iter(data.test.in_order.batches(4, told.arrange(network))))
    if told.learner(network, config, short) is network:
        for one, other in zip(*(keras.tree.flatten(model(x)) for model in (network, predictor.model)), strict=True):
            np.testing.assert_array_equal(one, other)
    scores = training.evaluate(data.test)
    assert task.objective.metric in scores
    found = keras_dl.evaluate(folder, raw)
    assert found.keys() - {"examples"}
    for score in {task.objective.metric} & found.keys():
        assert found[score] == pytest.approx(scores[score], rel=1e-3, abs=1e-6), score
    ask(predictor, data, task)


def ask(predictor, data, task):
    places = np.arange(min(2, len(data.test)))
    inputs = {name: source.take(places) for name, source in data.test.columns.items()}
    if task.makes_pictures:
        inputs = {"seed": np.arange(2)}
    if task.name in WITHOUT_ANSWERS:
        with pytest.raises(UsageError, match="answer no questions"):
            predictor.answers(["0", "1"], inputs)
        return
    count = len(next(iter(inputs.values())))
    answers = predictor.answers(list(map(str, range(count))), inputs)
    assert len(json.loads(json.dumps([answer.value for answer in answers]))) == count
