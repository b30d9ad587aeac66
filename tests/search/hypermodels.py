"""HyperModels as users write them, good and bad."""

import keras
import keras_tuner


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
                keras.layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu"),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        rate = hp.Float("rate", 1e-4, 1e-2, sampling="log")
        model.compile(keras.optimizers.Adagrad(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


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
