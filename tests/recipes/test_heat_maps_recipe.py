"""All methods explain the same pictures, the identities hold, and saved networks are explained where methods can."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError, get_config, saved_model
from keras_dl.recipes.heat_maps import METHODS, HeatMaps


def test_maps_identities_and_randomization(tmp_path):
    results, claims = short_run(HeatMaps(out=str(tmp_path), seeds=1, steps=5, pictures=2))
    assert sum(claim.exact for claim in claims) == 5
    assert len(claims) == 9
    row = results.rows[0]
    assert row["stages"] == ["none", "head", "stage3", "stage2", "stage1"]
    assert all(row[f"{name} likeness"][0] == 1 and len(row[f"{name} likeness"]) == 5 for name in METHODS)
    assert {file.name for file in tmp_path.glob("*.png")} == {"maps.png", "randomization.png"}
    with np.load(tmp_path / "maps.npz") as saved:
        assert saved["x"].shape == saved["deep Taylor"].shape == (2, 16, 16, 1)
        assert saved["Grad-CAM"].shape == (2, 16, 16)


def test_a_saved_network_is_explained_as_far_as_the_rules_go(tmp_path):
    config = get_config("esl_net2")
    saved_model.save(config.build(), tmp_path / "saved", config=config)
    results = HeatMaps(base=str(tmp_path / "saved"), out=str(tmp_path / "run"), seeds=1, pictures=2).run()
    row = results.rows[0]
    assert "has no map of several cells" in row["Grad-CAM refused"]
    assert "activation tanh; use lrp" in row["deep Taylor refused"]
    assert {key.partition(" likeness")[0] for key in row if "likeness" in key} == METHODS.keys() - {
        "Grad-CAM",
        "deep Taylor",
    }


def test_texts_have_a_recipe_of_their_own(tmp_path):
    with pytest.raises(UsageError, match="pictures are wanted, clauses is text; keras-dl run word-heat-maps takes"):
        HeatMaps(out=str(tmp_path), data="clauses").run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pictures": 0}, "pictures must be at least 1, got 0"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"seeds": 0}, "seeds must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_run(options, words):
    with pytest.raises(UsageError, match=words):
        HeatMaps(**options)
