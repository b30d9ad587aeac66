"""What the short run of every recipe of claims must show."""

import json

from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import CLAIMS, Experiment, Results


def short_run(recipe: Experiment) -> tuple[Results, list[Claim]]:
    """Run `recipe` in its folder, check what every run must leave, and return what it found.

    Each exact claim holds, there are figures, every claim is in claims.json, and a second run measures nothing.
    """
    results = recipe.run()
    folder = recipe.folder()
    claims = [Claim.from_json(value) for value in json.loads((folder / CLAIMS).read_text())]
    assert claims, "no claim"
    for claim in claims:
        assert claim.held or not claim.exact, f"{claim.text}: {claim.found}, wanted {claim.bounds}"
    figures = list(folder.glob("*.png"))
    assert figures, "no figure"
    assert all(figure.read_bytes().startswith(b"\x89PNG") for figure in figures)

    def measure(self, **_):
        raise AssertionError("measured again")

    finished = type("Finished", (type(recipe),), {"measure": measure, "__module__": type(recipe).__module__})
    again = finished(**{name: getattr(recipe, name) for name in recipe.__dataclass_fields__}).run()
    assert again.rows == results.rows
    return results, claims
