"""Environments in which agents act, those of gymnasium, by names such as gymnasium:CartPole-v1."""

from keras_dl.environments.made import PREFIX, is_environment, make
from keras_dl.environments.playing import play

__all__ = ["PREFIX", "is_environment", "make", "play"]
