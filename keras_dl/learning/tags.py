"""The loss of tags: the mean over the tokens that have one of their cross-entropy."""

from __future__ import annotations

from keras_dl.learning.next_token import NextToken


class Tags(NextToken):
    """Trains a `network` whose logits are (batch, length, classes); y are the tags, weights 0 where there is none.

    Raises `UsageError` for a network of other outputs.
    """

    told = "tags"

    def get_metrics_result(self):
        results = super().get_metrics_result()
        del results["perplexity"]
        return results
