"""One network learns the same pictures with other tasks beside."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.multitask import ARMS, Multitask

OPTIONS = {"seeds": 1, "steps": 50, "labels": (50,)}


def test_every_arm_learns_and_every_head_reaches_the_trunk(tmp_path):
    results, claims = short_run(Multitask(out=str(tmp_path), **OPTIONS))
    assert [row["arm"] for row in results.rows] == list(ARMS)
    assert results.values("accuracy").min() > 40
    assert claims[0].exact and claims[0].measured.min() > 0


def test_an_arm_knows_what_it_says(tmp_path):
    recipe = Multitask(out=str(tmp_path), **OPTIONS)
    nothing, known, every = np.repeat([False], 64), np.repeat([True, False], 32), np.repeat([True], 64)
    for arm, told in {"single": nothing, "related": known, "unrelated": known, "everywhere": every}.items():
        x, labels = next(iter(recipe._batches(0, 50, arm)))
        assert x.shape[0] == 64
        numbers = labels["class"].numpy()
        np.testing.assert_array_equal(numbers >= 0, known)
        for task, right in {"odd": numbers % 2, "upper": numbers >= 5}.items():
            np.testing.assert_array_equal(labels[task].numpy() >= 0, told)
            if arm != "single":
                assert np.array_equal(labels[task][:32], right[:32]) == (arm != "unrelated")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 0, "steps must be at least 1, got 0"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("labels", (), r"labels must be one number or more, got \(\)"),
        ("labels", (50, 5000), "labels asks for 5000; digits has 12.. pictures"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        Multitask(out=str(tmp_path), **{option: value}).run()
