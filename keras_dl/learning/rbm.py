"""The restricted Boltzmann machine of binary units, learned by one step of contrastive divergence.

Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation 14, 2002; Hinton,
Osindero & Teh, "A fast learning algorithm for deep belief nets", Neural Computation 18, 2006; the settings are those
of Hinton, "A practical guide to training restricted Boltzmann machines", UTML TR 2010-003, sections 7 to 10.

scikit-learn's BernoulliRBM follows persistent chains instead (Tieleman 2008), without momentum: on the embedded
digits a second layer of it was no better than the mean picture, at many times the time.
"""

from __future__ import annotations

import dataclasses
from typing import Self

import numpy as np
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits

from keras_dl.errors import UsageError

INITIAL_DEVIATION = 0.01


@dataclasses.dataclass(frozen=True, eq=False)
class RBM:
    """Weights (visible, hidden) and the biases (visible,) and (hidden,); the energy is -(v W h + v a + h b)."""

    weights: np.ndarray
    visible_bias: np.ndarray
    hidden_bias: np.ndarray

    def hidden(self, visible: np.ndarray) -> np.ndarray:
        """The probabilities that the hidden units are 1, (n, hidden), given `visible` (n, visible) in 0..1."""
        return expit(visible @ self.weights + self.hidden_bias)

    def visible(self, hidden: np.ndarray) -> np.ndarray:
        """The probabilities that the visible units are 1, (n, visible), given `hidden` (n, hidden)."""
        return expit(hidden @ self.weights.T + self.visible_bias)

    def free_energy(self, visible: np.ndarray) -> np.ndarray:
        """F (n,) of `visible` (n, visible): exp(-F) is proportional to their probability."""
        return -visible @ self.visible_bias - np.logaddexp(0, visible @ self.weights + self.hidden_bias).sum(axis=1)

    def statistics(self, visible: np.ndarray) -> Self:
        """Minus the gradient of the mean free energy of `visible` (n, visible) by weights and biases.

        The gradient of the log-likelihood is that of the data less its mean over the machine's own distribution.
        """
        hidden = self.hidden(visible)
        return RBM(visible.T @ hidden / len(visible), visible.mean(axis=0), hidden.mean(axis=0))


def train_rbm(
    visible: np.ndarray,
    hidden_units: int,
    *,
    steps: int,
    batch_size: int = 64,
    learning_rate: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 2e-4,
    seed: int = 0,
) -> RBM:
    """An RBM of `hidden_units` after `steps` steps of CD-1 on `visible` (n, units), probabilities in 0..1.

    A step compares a batch with what the machine makes of it: hidden units are sampled, visible ones are
    probabilities. `seed` decides initial weights, order and samples. Raises `UsageError` for values outside 0..1.
    """
    if visible.min() < 0 or visible.max() > 1:
        raise UsageError(f"visible units must be in 0..1, got {visible.min():g} to {visible.max():g}")
    generator = np.random.default_rng(seed)
    rbm = RBM(
        generator.normal(0, INITIAL_DEVIATION, (visible.shape[1], hidden_units)),
        logit(np.clip(visible.mean(axis=0), 0.01, 0.99)),
        np.zeros(hidden_units),
    )
    velocity = [np.zeros_like(value) for value in _values(rbm)]
    with threadpool_limits(1):  # products this small take longer on several threads
        for _ in range(steps):
            data = visible[generator.integers(len(visible), size=batch_size)]
            sample = generator.random((batch_size, hidden_units)) < rbm.hidden(data)
            learned, dreamed = (_values(rbm.statistics(v)) for v in (data, rbm.visible(sample)))
            gradient = [a - b for a, b in zip(learned, dreamed, strict=True)]
            gradient[0] -= weight_decay * rbm.weights
            velocity = [momentum * v + learning_rate * g for v, g in zip(velocity, gradient, strict=True)]
            rbm = RBM(*(value + v for value, v in zip(_values(rbm), velocity, strict=True)))
    return rbm


def _values(rbm: RBM) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return rbm.weights, rbm.visible_bias, rbm.hidden_bias
