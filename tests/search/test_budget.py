"""Every limit turns down what is over it, with the figure, before anything is allocated."""

import dataclasses

import pytest

from keras_dl import UsageError, get_config
from keras_dl.catalogue.describe import describe
from keras_dl.search import Settings, budget, space
from keras_dl.search.helper import Helper
from keras_dl.training.updates import make_optimizer

CONFIG = get_config("mlp", hidden=(100,), input_shape=(20,), classes=10)  # 20 x 100 + 100 x 10 and 110 biases
SETTINGS = Settings()


def judged(**limits):
    settings = dataclasses.replace(SETTINGS, **limits)
    return budget.judge(space.Candidate(CONFIG, settings.training(), ()), settings.budget(), Helper())


def test_within_the_budget():
    assert judged() == {"status": "running", "parameters": 3110}
    assert judged(max_parameters=3110, max_multiply_adds=3000)["status"] == "running"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_parameters": 3109}, "3,110 parameters, over 3,109"),
        ({"max_multiply_adds": 2999}, "3,000 multiply-adds, over 2,999"),
        ({"max_memory": 0.05}, "0.1 MB in a training step, over 0.1"),
    ],
)
def test_over_the_budget(limits, reason):
    assert judged(**limits) == {"status": "over_budget", "parameters": 3110, "reason": reason}


def test_the_latency_is_measured_last(monkeypatch):
    asked = []
    monkeypatch.setattr(budget.latency, "measured", lambda config, helper, most: asked.append(config) or 2.5)
    assert judged(max_parameters=5, max_latency=2.0)["reason"] == "3,110 parameters, over 5"
    assert asked == []
    over = {"status": "over_budget", "parameters": 3110, "latency": 2.5, "reason": "2.5 ms for one input, over 2 ms"}
    assert judged(max_latency=2.0) == over
    assert judged(max_latency=3.0) == {"status": "running", "parameters": 3110, "latency": 2.5}
    assert asked == [CONFIG, CONFIG]


@pytest.mark.parametrize("name", sorted(budget.SLOTS))
def test_what_an_optimizer_keeps(name):
    model = CONFIG.build()
    options = Settings(optimizer=name).training()
    optimizer = make_optimizer(model, options, 1)
    before = len(optimizer.variables)
    optimizer.build(model.trainable_variables)
    assert len(optimizer.variables) - before == budget.SLOTS[name] * len(model.trainable_variables)


def test_the_memory_of_a_step():
    described = describe(CONFIG)
    options = Settings(optimizer="sgd", batch_size=7).training()
    assert budget.step_bytes(described, options) == 4 * 3110 * 2 + 7 * described.activation_bytes


def test_a_hopeless_budget_is_refused():
    hyperparameters = space.hyperparameters(CONFIG, SETTINGS)
    settings = dataclasses.replace(SETTINGS, max_multiply_adds=239)
    message = "nothing in this space is within the budget: its smallest network needs 240 multiply-adds, over 239"
    with pytest.raises(UsageError, match=message):
        budget.check_smallest(hyperparameters, CONFIG, settings, Helper())
    budget.check_smallest(hyperparameters, CONFIG, dataclasses.replace(SETTINGS, max_multiply_adds=240), Helper())


def test_nothing_is_allocated():
    huge = CONFIG.replace(hidden=(1_000_000,), depth=2)  # 4 TB of weights
    settings = dataclasses.replace(SETTINGS, max_memory=1e6)
    result = budget.judge(space.Candidate(huge, settings.training(), ()), settings.budget(), Helper())
    assert result["status"] == "over_budget"
