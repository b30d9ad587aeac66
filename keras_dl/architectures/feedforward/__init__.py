"""Networks of units in layers, for feature vectors of any meaning."""
