"""Saved models in the formats of other runtimes, each proven by running it there."""

from keras_dl.export.command import Export

__all__ = ["Export"]
