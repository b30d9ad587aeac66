"""Softmax, its temperature and its sign; losses from logits and from probabilities."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.output_layers import GAPS, OutputLayers


def test_every_claim_is_an_identity(tmp_path):
    results, claims = short_run(OutputLayers(out=str(tmp_path), seeds=2, classes=4))
    assert all(claim.exact and claim.held for claim in claims)
    np.testing.assert_allclose(results.mean("gradient_of_cross_entropy"), 1 / (1 + np.exp(-np.array(GAPS))), rtol=1e-5)
    np.testing.assert_allclose(results.mean("loss_of_logits"), np.log1p(np.exp(GAPS)), rtol=1e-5)


def test_needs_two_classes():
    with pytest.raises(UsageError, match="classes must be at least 2, got 1"):
        OutputLayers(classes=1)
