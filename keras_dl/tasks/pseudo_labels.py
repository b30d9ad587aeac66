"""Pseudo-labels: classification with few labels, where the network's own answers for the other examples count as such.

Lee, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks", ICML 2013
Workshop on Challenges in Representation Learning, section 2. At each step the label of an example without one is the
class that the network takes for the likeliest, and the mean loss of these examples is added to that of the labelled
ones, times alpha(t), which is 0 in the first `t1` epochs and grows to `weight` up to epoch `t2` (equation 16). The
paper, whose epochs pass over the few labels, takes 100 and 600; here an epoch passes over all examples.

Of the training split few labels count as known, of each class as many; the others take no part in anything. Each step
takes examples of both kinds, in the paper 32 and 256; so the labelled ones come again and again. Validation and test
keep all their labels.
"""

from __future__ import annotations

import dataclasses

from keras_dl.data.partly_labelled import partly_labelled
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Fraction, NaturalNumber, Positive
from keras_dl.names import note
from keras_dl.tasks.classification import Classification, judged


@dataclasses.dataclass(frozen=True, kw_only=True)
class PseudoLabels(Classification):
    """Tell the class of an input, of few labels and many examples."""

    labels: Count | None = None
    """how many labels of each class are known; by default all that there are, for data with gaps among them"""
    drawn_by: NaturalNumber = 0
    """seed that decides which labels are known"""
    labelled_share: Fraction = 0.2
    """part of the examples of a step that have a label"""
    weight: Positive = 3.0
    """of the examples without labels at the end, the paper's alpha_f"""
    t1: NaturalNumber = 2
    """epochs in which they weigh nothing"""
    t2: Count = 6
    """epoch from which on they have their full weight"""

    def __post_init__(self):
        super().__post_init__()
        if self.t2 <= self.t1:
            raise UsageError(f"t2 must be above t1={self.t1}, got {self.t2}")
        if self.class_weights is not None:
            raise UsageError(f"{self.name} knows as many labels of each class; leave class_weights out")

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        return config, partly_labelled(data, self.labels, self.labelled_share, self.drawn_by)

    def learner(self, network, config, options):
        from keras_dl.learning.pseudo_labels import PseudoLabelled

        if isinstance(network.output, dict) or config.classes == 1:
            raise UsageError(f"{self.name} needs one output for each class, and no others; {network.name} has others")
        if options.epochs <= self.t1 + 1:
            note(f"pseudo-labels weigh nothing in epochs={options.epochs}, since t1={self.t1}: only the labelled count")
        loss = judged(config, options)["loss"]
        return PseudoLabelled(network, loss, t1=self.t1, t2=self.t2, final=self.weight)

    def compiling(self, network, config, options):
        return {}
