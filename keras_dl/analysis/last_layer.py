"""A trained network's last layer, learned anew on few examples of balanced groups, while its features stay.

Kirichenko, Izmailov & Wilson, "Last Layer Re-Training is Sufficient for Robustness to Spurious Correlations", ICLR
2023, section 4 and appendix; the authors' dfr_evaluate_spurious.py, from which the strengths of the penalty are.
"""

from __future__ import annotations

import numpy as np

from keras_dl import surgery
from keras_dl.errors import UsageError
from keras_dl.lazy import keras

STRENGTHS = (1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01)
"""values tried for C, the inverse strength of the L1 penalty"""
SUBSAMPLES = 20
"""logistic regressions averaged, each on groups of equal size; 10 in the paper's text"""


def retrain_last_layer(
    model: keras.Model, inputs: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, seed: int = 0
) -> None:
    """Replace the weights of the layer "head" of `model`, which gives 2 logits, and nothing else: deep feature
    reweighting.

    `inputs` (n, ...) are held out: not what the features were learned from. `labels` (n,) are 0 or 1, `groups` (n,) any
    whole numbers, each group of one label. The features are standardised, and logistic regressions with an L1 penalty
    are fitted on random subsets in which all groups are as large as the smallest; their average is the new layer. C is
    the one of `STRENGTHS` whose worst group on the second half is best after fitting on the first half. `seed`
    decides halves and subsets.

    Raises `UsageError` for a head that is not dense with 2 outputs, for labels other than 0 and 1, and for a group of
    fewer than 2 examples.
    """
    from sklearn.preprocessing import StandardScaler

    head = model.get_layer("head")
    if getattr(head, "units", None) != 2 or head.activation is not keras.activations.linear:
        raise UsageError(f"the last layer of {model.name} must be dense with 2 logits, got {head.output.shape[1:]}")
    if set(np.unique(labels)) != {0, 1}:
        raise UsageError(f"labels must be 0 and 1, got {np.unique(labels)[:5].tolist()}")
    if (smallest := np.unique(groups, return_counts=True)[1].min()) < 2:
        raise UsageError(f"every group needs 2 held-out examples or more, one has {smallest}")
    generator = np.random.default_rng(seed)
    scaler = StandardScaler()
    features = scaler.fit_transform(surgery.embedding(model).predict(inputs, verbose=0).astype("float64"))
    halves = np.zeros(len(labels), bool)
    for group in np.unique(groups):
        members = generator.permutation(np.flatnonzero(groups == group))
        halves[members[: len(members) // 2]] = True

    def worst_group(strength: float) -> float:
        fitted = _fit(features[halves], labels[halves], groups[halves], strength, np.random.default_rng(seed))
        right = (features[~halves] @ fitted[0] + fitted[1] > 0) == labels[~halves]
        return min(right[groups[~halves] == group].mean() for group in np.unique(groups))

    strength = max(STRENGTHS, key=worst_group)
    fits = [_fit(features, labels, groups, strength, generator) for _ in range(SUBSAMPLES)]
    weights, bias = (np.mean(values, axis=0) for values in zip(*fits, strict=True))
    weights = weights / scaler.scale_
    bias = bias - weights @ scaler.mean_
    head.set_weights([np.stack([-weights, weights], axis=1) / 2, np.array([-bias, bias]) / 2])


def _fit(features, labels, groups, strength, generator) -> tuple[np.ndarray, float]:
    """The weights (features,) and the bias of a logistic regression on a random subset with groups of equal size."""
    from sklearn.linear_model import LogisticRegression

    names, sizes = np.unique(groups, return_counts=True)
    chosen = np.concatenate([generator.choice(np.flatnonzero(groups == g), sizes.min(), replace=False) for g in names])
    regression = LogisticRegression(l1_ratio=1, solver="liblinear", C=strength, random_state=0)
    regression.fit(features[chosen], labels[chosen])
    return regression.coef_[0], regression.intercept_[0]
