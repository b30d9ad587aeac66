"""Networks whose features are what is wanted: learned without labels, or to compare what they never saw."""
