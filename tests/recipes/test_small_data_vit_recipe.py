"""Both networks learn from few and from all pictures; the tokens' distances are learned with them."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.small_data_vit import NETWORKS, SmallDataViT


def test_both_networks_learn_from_few_and_from_all_pictures(tmp_path):
    recipe = SmallDataViT(out=str(tmp_path), seeds=1, steps=40, drloc=0.5, patch=4)
    results, claims = short_run(recipe)
    assert claims[0].held
    sizes = 100, len(recipe.dataset.train)
    for network in NETWORKS:
        few, many = (results.mean("accuracy", network=network, pictures=size) for size in sizes)
        assert 15 < few < 100 and many > 15
    assert all(0 < guess < 1.2 for guess in results.values("guess", network="drloc"))


def test_the_chance_is_the_best_constant():
    # offsets of four places, as fractions of four: 0 (4 of 16 pairs), 1/4 (6), 1/2 (4), 3/4 (2); their median is 1/4
    assert SmallDataViT(patch=2)._constant == pytest.approx((4 + 4 + 2 * 2) / 16 / 4)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("few", 5000, "few must be below 12.., the pictures of digits, got 5000"),
        ("few", 0, "few must be at least 1, got 0"),
        ("patch", 3, "input 8x8 is no multiple of the patch, 3x3; the nearest is 9x9"),
        ("drloc", 0.0, "drloc must be above 0 and finite, got 0.0"),
        ("learning_rate", -1.0, "learning_rate must be above 0 and finite, got -1.0"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        SmallDataViT(out=str(tmp_path), **{option: value}).run()
