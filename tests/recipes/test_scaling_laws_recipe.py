import pytest
from short_run import short_run

from keras_dl.errors import UsageError
from keras_dl.recipes.scaling_laws import ScalingLaws


def test_short_run(tmp_path):
    recipe = ScalingLaws(
        out=str(tmp_path),
        seeds=1,
        examples=(10, 100, 1000),
        widths=(1, 2, 8),
        largest=16,
        steps=256,
        learning_rate=0.02,
    )
    results, claims = short_run(recipe)
    assert len(claims) == 7
    assert claims[0].held and claims[2].held
    assert {row["size"] for row in results.rows if row["axis"] == "training"} == {16, 32, 64}
    assert {row["size"] for row in results.rows if row["axis"] == "parameters"} == {85, 160, 610}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("examples", (10, 20), "examples must be (three numbers or more|two or more growing numbers)"),
        ("widths", (0, 1, 2), "widths must be at least 1, got 0"),
        ("steps", 63, "steps must be at least 16 times shortest, 256, got 63"),
        ("learning_rate", 0.0, "learning_rate must be above 0"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        ScalingLaws(**{option: value})


def test_more_examples_than_there_are(tmp_path):
    with pytest.raises(UsageError, match="examples asks for 5000; digits has"):
        ScalingLaws(out=str(tmp_path), examples=(10, 100, 5000)).run()
