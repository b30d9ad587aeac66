"""HyperModels as users write them, good and bad."""

import os
import signal
import time

import keras
import keras_tuner
import numpy as np

HIDDEN = 1


class Plain(keras_tuner.HyperModel):
    """Uncompiled, with a choice and what depends on it, once in a scope and once in a branch."""

    def build(self, hp):
        inputs = keras.Input((8, 8, 1))
        x = keras.layers.Rescaling(1 / 255)(inputs)
        kind = hp.Choice("kind", ["dense", "conv"])
        if kind == "conv":
            x = keras.layers.Conv2D(hp.Int("filters", 2, 8, step=2), 3, activation="relu")(x)
        x = keras.layers.Flatten()(x)
        with hp.conditional_scope("kind", ["dense"]):
            units = hp.Int("units", 8, 32, step=8)
            if units is not None:
                x = keras.layers.Dense(units, activation="relu")(x)
        return keras.Model(inputs, keras.layers.Dense(10)(x))


class Compiled(keras_tuner.HyperModel):
    def build(self, hp):
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.Flatten(),
                keras.layers.Dropout(0.1),
                *[keras.layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu") for _ in range(HIDDEN)],
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        rate = hp.Float("rate", 1e-4, 1e-2, sampling="log")
        model.compile(keras.optimizers.Adagrad(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


class Scale(keras.layers.Layer):
    """A layer that Keras does not know."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, inputs):
        return self.scale * inputs


class Own(keras_tuner.HyperModel):
    """A layer of one's own, one whose statistics are found when it is built, and a Lambda."""

    def build(self, hp):
        inputs = keras.Input((8, 8, 1))
        normalize = keras.layers.Normalization()
        normalize.adapt(np.linspace(0, 16, 64 * 4).reshape(4, 8, 8, 1))
        x = keras.layers.Flatten()(Scale()(normalize(inputs)))
        return keras.Model(inputs, keras.layers.Dense(10)(x))


class Closed(keras_tuner.HyperModel):
    """A layer that cannot say what it was made with, and a Lambda."""

    class Layer(keras.layers.Layer):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def call(self, inputs):
            return self.factor() * inputs

    def build(self, hp):
        inputs = keras.Input((8, 8, 1))
        x = keras.layers.Lambda(lambda pictures: pictures / 16)(Closed.Layer(lambda: 2.0)(inputs))
        return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(x)))


class Moody(keras_tuner.HyperModel):
    """Some of its choices end its process, one way or another."""

    def build(self, hp):
        kind = hp.Choice("kind", ["too big", "good", "leaves", "interrupts", "dies"])
        if kind == "too big":
            raise keras_tuner.errors.FailedTrialError("too big")
        if kind == "leaves":
            raise SystemExit(3)
        if kind == "interrupts":
            raise KeyboardInterrupt
        if kind == "dies":
            os.kill(os.getpid(), signal.SIGSEGV)
        x = inputs = keras.Input((8, 8, 1))
        x = keras.layers.Flatten()(x)
        if hp.Int("units", 0, 32, step=8):
            x = keras.layers.Dense(hp.get("units"))(x)
        return keras.Model(inputs, keras.layers.Dense(10)(x))


class Endless(keras_tuner.HyperModel):
    def build(self, hp):
        time.sleep(1000)


class Raising(keras_tuner.HyperModel):
    def build(self, hp):
        raise RuntimeError("no luck\nwith this one")


class Narrow(keras_tuner.HyperModel):
    def build(self, hp):
        return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])


class Open(keras_tuner.HyperModel):
    def build(self, hp):
        return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])


class Rows(keras_tuner.HyperModel):
    def build(self, hp):
        return keras.Sequential([keras.Input((64,)), keras.layers.Dense(10)])


class Demanding(keras_tuner.HyperModel):
    def __init__(self, units):
        self.units = units


class Fitting(Plain):
    def fit(self, hp, model, *arguments, **settings):
        return model.fit(*arguments, **settings)


class Two(keras_tuner.HyperModel):
    def build(self, hp):
        inputs = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
        return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(keras.layers.add(inputs))))


NUMBER = 3
