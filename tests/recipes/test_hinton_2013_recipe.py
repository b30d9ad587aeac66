"""Each item of the recipe can be changed alone, in a short run on few steps."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.hinton_2013 import CHANGES, CONVOLUTION, FULL, HALF, ONE, Hinton2013
from keras_dl.training.quiet import Quiet


def test_each_item_is_what_it_says(tmp_path, monkeypatch):
    seen = []

    def run(self, inputs, labels, order):
        seen.append(([layer.name for layer in self.network.layers], len(labels), order.shape))

    monkeypatch.setattr(Quiet, "run", run)
    recipe = Hinton2013(out=str(tmp_path), seeds=1, steps=100)
    results, claims = short_run(recipe)
    assert [row["change"] for row in results.rows] == [*CHANGES, CONVOLUTION]
    assert len(claims) == 8
    full, few, one, batch, sigmoids, no_dropout, half, convolution = seen
    examples = len(recipe.dataset.train)
    assert full[1:] == (examples, (100, 32)) and "stage7_dense" in full[0] and "stage7_dropout" in full[0]
    assert few[1] == examples // 10 and "stage2_dense" not in one[0]
    assert batch[2] == (100 * 32 // examples, examples)
    assert sigmoids[0] == full[0] == half[0] and not any("dropout" in name for name in no_dropout[0])
    assert "stage1_conv1" in convolution[0]
    config = recipe._config(FULL)
    assert (config.hidden, config.dropout, config.max_norm) == ((125,), 0.2, 4.0)
    assert recipe._config(HALF).dropout == 0.5


def test_one_layer_learns():
    assert Hinton2013(steps=200, width=0.032).measure(seed=0, change=ONE)["accuracy"] > 60


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
    ],
)
def test_options_that_cannot_run(option, words):
    with pytest.raises(UsageError, match=words):
        Hinton2013(**option)
