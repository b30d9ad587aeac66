"""Dense relative localization: a transformer learns from few pictures where its tokens come from.

Liu et al., "Efficient Training of Visual Transformers with Small Datasets", NeurIPS 2021, section 4.

From the last map of embeddings, m pairs of positions are drawn per picture, and a perceptron guesses from the two
embeddings how far apart they lie. The paper's targets are taken: the absolute offsets in rows and columns, each divided
by the size of the grid. The authors' code offers them as an option beside signed ones, and divides by the size less
one where it normalises at all. As in the code, m is 32, the hidden layers have 512 units each, and the absolute errors
are averaged over pairs and coordinates, where the paper sums the two coordinates: half its loss. With that average the
weights of the experiments were 0.5 for Swin and 0.1 for T2T and CvT.
"""

from __future__ import annotations

from keras_dl import surgery
from keras_dl.errors import UsageError
from keras_dl.lazy import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="keras_dl")
class RelativeLocalization(keras.layers.Layer):
    """Passes on a network's outputs; while training, `weight` times the mean error of its guesses joins the loss.

    Takes [outputs of any shape, embeddings (batch, rows, columns, width)], gives the outputs. The metric `drloc` is
    the mean error, of training and validation.
    """

    def __init__(self, weight: float, *, pairs: int = 32, units: int = 512, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight
        self.pairs = pairs
        self.units = units
        self.perceptron = [
            keras.layers.Dense(units, activation="relu", name="dense1"),
            keras.layers.Dense(units, activation="relu", name="dense2"),
            keras.layers.Dense(2, name="dense3"),
        ]
        self.seeds = keras.random.SeedGenerator()
        self.mean_error = keras.metrics.Mean(name="drloc")

    def build(self, input_shapes):
        inputs = 2 * input_shapes[1][-1]
        for dense in self.perceptron:
            dense.build((None, self.pairs, inputs))
            inputs = dense.units

    def call(self, inputs, training=None):
        outputs, embeddings = inputs
        shape = (ops.shape(embeddings)[0], self.pairs)
        positions = embeddings.shape[1] * embeddings.shape[2]
        pairs = [keras.random.randint(shape, 0, positions, seed=self.seeds) for _ in range(2)]
        error = self.error(embeddings, *pairs)
        self.mean_error.update_state(error)
        if training:
            self.add_loss(self.weight * error)
        return outputs

    def error(self, embeddings, first, second):
        """The mean error of the guesses for the pairs `first`, `second`, (batch, pairs) positions row by row each."""
        _, rows, columns, width = embeddings.shape
        tokens = ops.reshape(embeddings, (-1, rows * columns, width))
        # Picked by products with one-hot vectors: the gradient of a gather adds up in no fixed order on a GPU.
        x = [ops.matmul(ops.one_hot(pair, rows * columns, dtype=tokens.dtype), tokens) for pair in (first, second)]
        x = ops.concatenate(x, axis=-1)
        for dense in self.perceptron:
            x = dense(x)
        offsets = [(first // columns - second // columns) / rows, (first % columns - second % columns) / columns]
        offsets = ops.abs(ops.stack([ops.cast(offset, "float32") for offset in offsets], axis=-1))
        return ops.mean(ops.abs(ops.cast(x, "float32") - offsets))

    def compute_output_shape(self, input_shapes):
        return input_shapes[0]

    def get_config(self):
        return {**super().get_config(), "weight": self.weight, "pairs": self.pairs, "units": self.units}


def with_relative_localization(model: keras.Model, weight: float, *, pairs: int = 32, units: int = 512) -> keras.Model:
    """A network for training: `model`, whose weights it shares, and the perceptron that guesses on its last map.

    Raises `UsageError` when `model` has no map, or one smaller than 2x2.
    """
    maps = surgery.feature_stages(model)
    if not maps:
        raise UsageError(f"relative_localization needs a network with a map of embeddings, {model.name} has none")
    embeddings = surgery.features(model).output[maps[-1]]
    rows, columns = embeddings.shape[1:3]
    if min(rows, columns) < 2:
        height, width = model.input_shape[1:3]
        raise UsageError(
            f"relative_localization needs a map of at least 2x2, {model.name} ends in {rows}x{columns} for an input of "
            f"{height}x{width}; enlarge the input"
        )
    outputs = RelativeLocalization(weight, pairs=pairs, units=units, name="drloc")([model.output, embeddings])
    return keras.Model(model.input, outputs, name=f"{model.name}_drloc")
