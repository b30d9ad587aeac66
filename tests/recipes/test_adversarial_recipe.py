"""Small changes fool a network; training on them helps."""

import pytest
from short_run import short_run

from keras_dl import UsageError, storage
from keras_dl.recipes.adversarial import SHARES, SHOWN, Adversarial


def test_attacks_lower_the_accuracy_and_stay_within_epsilon(tmp_path):
    results, claims = short_run(Adversarial(out=str(tmp_path), seeds=1, steps=60, attack_steps=2))
    assert len(claims) == 7
    for row in results.rows:
        assert len(row["fgsm"]) == len(row["pgd"]) == len(SHARES) + 1
        assert row["pgd"][-1] < row["pgd"][0] - 30
    flips = storage.read_lines(tmp_path / "results.jsonl")[0]["found"]["flips"]
    assert len(flips) == SHOWN
    assert all(before != after for before, after in (flip["answers"] for flip in flips))
    assert {path.name for path in tmp_path.glob("*.png")} == {"accuracy.png", "flipped.png"}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("steps", 0, "steps must be at least 1, got 0"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("attack_steps", 0, "attack_steps must be at least 1, got 0"),
        ("epsilon", 0.0, "epsilon must be above 0 and at most 170, got 0.0"),
        ("epsilon", 200.0, "epsilon must be above 0 and at most 170, got 200.0"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        Adversarial(**{option: value})


def test_a_network_that_is_none(tmp_path):
    with pytest.raises(UsageError, match="did you mean mlp"):
        Adversarial(out=str(tmp_path), network="mlpp").run()
