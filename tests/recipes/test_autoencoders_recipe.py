"""A linear autoencoder is principal components, and a short training of the deep ones is of the right kind."""

import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.autoencoders import Autoencoders


def test_a_linear_autoencoder_is_principal_components(tmp_path):
    results, claims = short_run(Autoencoders(out=str(tmp_path), seeds=1, steps=300, learning_rate=3e-3))
    assert [claim.exact for claim in claims] == [True, True, False, False, False]
    assert results.mean("deep", network="deep") < 4
    assert results.mean("mended", network="deep") < results.mean("unmended", network="deep")
    assert results.values("pictures", network="deep").shape == (1, 3, 8, 8, 8, 1)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("code", 0, "code must be at least 1, got 0"),
        ("code", 5000, "code asks for 5000; digits has 12.. training examples"),
        ("corrupted", 1.0, r"corrupted must be at least 0 and below 1, got 1.0"),
        ("steps", 0, "steps must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_run(tmp_path, option, value, words):
    with pytest.raises(UsageError, match=words):
        Autoencoders(out=str(tmp_path), **{option: value}).run()
