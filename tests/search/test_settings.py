"""Settings that make no search are refused before anything heavy is imported."""

import subprocess
import sys

import pytest

from keras_dl import UsageError
from keras_dl.search import Settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_trials": 0}, "max_trials must be at least 1, got 0"),
        ({"max_trials": -3}, "max_trials must be at least 1, got -3"),
        ({"max_parameters": 0}, "max_parameters must be at least 1, got 0"),
        ({"trial_timeout": 0.0}, "trial_timeout must be above 0 and finite, got 0.0"),
        ({"trial_timeout": float("nan")}, "trial_timeout must be above 0 and finite, got nan"),
        ({"oracle": "hyperband", "epochs": 2}, "hyperband needs epochs to be at least 3, got 2"),
        ({"oracle": "hyperband", "patience": 2}, "no patience"),
        ({"oracle": "baysian"}, "did you mean bayesian"),
        ({"freeze": ("stem",)}, "freeze=stem would keep random weights; every trial begins anew"),
        ({"learning_rate": -0.1}, "learning_rate must be above 0"),
    ],
)
def test_refused_in_one_line(changes, message):
    with pytest.raises(UsageError, match=message) as refusal:
        Settings(**changes)
    assert "\n" not in str(refusal.value)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "tensorboard" else name)
    with pytest.raises(UsageError, match="a search needs tensorboard, which is missing"):
        Settings()


def test_the_recipe_imports_nothing_heavy():
    code = "import keras_dl.recipes.search, sys; assert not {'tensorflow', 'keras', 'keras_tuner'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
