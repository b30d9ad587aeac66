"""What an exported network computes, next to what the original does."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.errors import UsageError

TOLERANCE = 1e-4
"""of the largest output: how far a network of floats may differ"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """The outputs of both for the same inputs; an answer is the class of the largest output, one a pixel or one in all.

    The accuracies are shares of right answers, None where the data do not have the classes of the network.
    """

    data: str
    examples: int
    largest_difference: float
    relative_difference: float
    """the largest difference as a part of the largest output of the original"""
    equal_answers: float
    accuracy: float | None
    exported_accuracy: float | None

    def check(self, name: str) -> None:
        """Raise `UsageError` if the network, exported to `name`, is not the same."""
        if not self.relative_difference <= TOLERANCE:
            raise UsageError(
                f"{name} computes something else: outputs differ by {self.relative_difference:.1e} of the largest, "
                f"more than {TOLERANCE:g}, and {100 * self.equal_answers:.1f} % of the answers are equal"
            )

    def __str__(self) -> str:
        lines = [
            f"{self.examples:,} examples of {self.data}: outputs differ by at most {self.largest_difference:.1e}, "
            f"{self.relative_difference:.1e} of the largest; {100 * self.equal_answers:.2f} % of the answers are equal"
        ]
        if self.accuracy is not None:
            lines.append(f"accuracy {100 * self.accuracy:.2f} % before, {100 * self.exported_accuracy:.2f} % after")
        return "\n".join(lines)


def compare(
    original: np.ndarray, exported: np.ndarray, *, data: str, labels: np.ndarray | None, threshold: float
) -> Comparison:
    """Compare outputs (n, ..., classes) of both; `labels` (n,) are whole numbers.

    A single output answers 1 above `threshold`, else 0. Raises `UsageError` for outputs of another shape.
    """
    if exported.shape != original.shape:
        raise UsageError(f"the exported network gives outputs of shape {exported.shape}, not {original.shape}")
    difference, largest = float(np.abs(exported - original).max()), float(np.abs(original).max())
    answers, exported_answers = (_answers(outputs, threshold) for outputs in (original, exported))
    return Comparison(
        data=data,
        examples=len(original),
        largest_difference=difference,
        relative_difference=difference / max(largest, float(np.finfo(original.dtype).tiny)),
        equal_answers=float(np.mean(exported_answers == answers)),
        accuracy=None if labels is None else float(np.mean(answers == labels)),
        exported_accuracy=None if labels is None else float(np.mean(exported_answers == labels)),
    )


def _answers(outputs: np.ndarray, threshold: float) -> np.ndarray:
    return outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else outputs[..., 0] > threshold
