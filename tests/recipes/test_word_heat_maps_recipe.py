"""All methods explain the same texts, the identities hold, and saved networks are explained on their data."""

import pytest
from short_run import short_run

from keras_dl import UsageError, get_config, saved_model
from keras_dl.data import load
from keras_dl.recipes.word_heat_maps import METHODS, WordHeatMaps
from keras_dl.tasks import get_task

SHORT = {"seeds": 1, "texts": 2, "steps": 3}


def test_maps_identities_and_random_weights(tmp_path):
    results, claims = short_run(WordHeatMaps(out=str(tmp_path), **SHORT))
    assert len(claims) == 5 and sum(claim.exact for claim in claims) == 2
    [row] = results.rows
    assert row["maps"].keys() == set(METHODS)
    for method in METHODS:
        words, values = row["maps"][method]
        assert len(words) == len(values) > 20 and any(values)
        assert 0 <= row[f"{method} likeness"] <= 1
    assert row["answer"]


def test_a_saved_network_is_explained_as_far_as_it_goes(tmp_path):
    rows = [f"the {('film', 'story')[n // 2 % 2]} is {('bad', 'good')[n % 2]},{n % 2}" for n in range(60)]
    (tmp_path / "reviews.csv").write_text("\n".join(["text,label", *rows]))
    options = {"data": str(tmp_path / "reviews.csv"), "target": "label"}
    task = get_task("classification")
    config, data = task.adapt(get_config("kim_cnn", length=8, maps=4), load(options["data"], target="label"))
    saved_model.save(config.build(), tmp_path / "saved", config=config, task=task, spec=data.spec)
    run = WordHeatMaps(out=str(tmp_path / "run"), base=str(tmp_path / "saved"), **options, **SHORT)
    results, claims = short_run(run)
    [row] = results.rows
    assert "has no attention to its own tokens" in row["attention refused"]
    assert len(claims) == 3 and row["answer"] in ("0", "1")
    assert "".join(row["maps"]["occlusion"][0]).strip().startswith("the ")


def test_data_without_texts_are_refused(tmp_path):
    with pytest.raises(UsageError, match="bert takes texts, digits is image"):
        WordHeatMaps(out=str(tmp_path / "digits"), data="digits").run()
    config = get_config("esl_net2")
    saved_model.save(config.build(), tmp_path / "saved", config=config)
    with pytest.raises(UsageError, match="heat maps of words are for networks that read texts"):
        WordHeatMaps(out=str(tmp_path / "run"), base=str(tmp_path / "saved")).run()
