"""Every recipe that makes claims has published what they came to."""

import re
from pathlib import Path

import pytest

from keras_dl.experiments import recipe
from keras_dl.experiments.experiment import Experiment
from keras_dl.pages.recipes import FIGURES, PATH

PAGE = PATH.read_text(encoding="utf-8")
EXPERIMENTS = [name for name in recipe.names() if issubclass(recipe.find(name), Experiment)]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_has_published_claims(name):
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    section = next(s for s in sections if f"`keras-dl run {name.replace('_', '-')}" in s)
    verdicts = [line.rsplit(" | ", 1)[1] for line in section.splitlines() if line.startswith("|")][2:]
    assert verdicts
    assert all(re.match(r"(held|did not hold)", verdict) for verdict in verdicts)


def test_its_figures_exist_and_no_others():
    shown = set(re.findall(rf"\]\({FIGURES}/(.*?)\)", PAGE))
    assert shown == {path.name for path in (PATH.parent / FIGURES).iterdir()}


def test_every_recipe_has_a_test():
    tested = {path.name for path in (Path(__file__).parents[1] / "recipes").glob("test_*_recipe.py")}
    assert {name for name in recipe.names() if f"test_{name}_recipe.py" not in tested} == {"search"}  # in tests/search
