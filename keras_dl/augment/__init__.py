"""Random changes to training examples, made in the input pipeline and never seen by validation or test."""
