"""`python -m keras_dl` is `keras-dl`."""

from keras_dl.cli import main

main()
