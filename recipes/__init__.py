"""Runnable techniques, one a file: a frozen dataclass of options whose `run()` composes `keras_dl`."""
