"""Dense relative localization: its definition, what it changes in a training, and what it leaves alone."""

import signal

import numpy as np
import pytest
import safetensors.numpy

from keras_dl import UsageError, describe, get_config
from keras_dl.data import load
from keras_dl.tasks.relative_localization import RelativeLocalization
from keras_dl.training import Interrupted, Options, fit, seed_everything

VIT = get_config("vit_ti16", patch=2, heads=2, head_width=8, blocks=1)


@pytest.fixture(scope="module")
def digits():
    return load("digits").resized((8, 8, 1))


def train(data, folder, callbacks=(), *, config=VIT, weight=0.5, **options):
    options, task = Options(**options), RelativeLocalization(weight=weight) if weight else None
    config = config.replace(input_shape=(8, 8, 1), classes=10)
    seed_everything(options)
    model = config.build()
    rows = fit(model, config, data, options, folder, task=task, callbacks=callbacks, verbose=0)
    return model, [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def localized(config=VIT, weight=0.5):
    from keras_dl.learning.relative_localization import with_relative_localization

    return with_relative_localization(config.build(), weight)


@pytest.mark.parametrize(("heads", "head_width", "parameters"), [(12, 64, 1_050_626), (3, 64, 460_802)])
def test_parameters_are_those_of_the_paper(heads, head_width, parameters):
    config = VIT.replace(heads=heads, head_width=head_width, input_shape=(4, 4, 3))
    assert localized(config).count_params() == describe(config).parameters + parameters


def test_equals_its_definition():
    layer = localized(VIT.replace(input_shape=(6, 10, 1))).get_layer("drloc")
    generator = np.random.default_rng(0)
    for variable in layer.trainable_weights:
        variable.assign(generator.normal(size=variable.shape) / 8)
    embeddings = generator.normal(size=(4, 3, 5, 16)).astype("float32")
    first, second = (generator.integers(0, 15, (4, 32)) for _ in range(2))
    (w1, b1), (w2, b2), (w3, b3) = ((dense.kernel.numpy(), dense.bias.numpy()) for dense in layer.perceptron)
    errors = []
    for picture, starts, ends in zip(embeddings, first, second, strict=True):
        for start, end in zip(starts, ends, strict=True):
            (row, column), (other_row, other_column) = divmod(start, 5), divmod(end, 5)
            pair = np.concatenate([picture[row, column], picture[other_row, other_column]])
            guess = np.maximum(np.maximum(pair @ w1 + b1, 0) @ w2 + b2, 0) @ w3 + b3
            errors += [abs(guess[0] - abs(row - other_row) / 3), abs(guess[1] - abs(column - other_column) / 5)]
    assert float(layer.error(embeddings, first, second)) == pytest.approx(np.mean(errors), rel=1e-5)


def test_joins_the_loss_of_training_only_and_draws_new_pairs():
    model = localized(VIT.replace(input_shape=(8, 8, 1)), weight=0.5)
    layer = model.get_layer("drloc")
    x = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)).astype("float32")
    outputs = model(x, training=False)
    assert model.losses == []
    losses = []
    for _ in range(2):
        layer.mean_error.reset_state()
        np.testing.assert_allclose(model(x, training=True), outputs, rtol=1e-5)
        losses.append(float(model.losses[0]))
        assert losses[-1] == pytest.approx(0.5 * float(layer.mean_error.result()), rel=1e-6)
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    "config", [VIT, get_config("resnet20", filters=4, blocks=1)], ids=["transformer", "convolutional"]
)
def test_training_lowers_it(digits, tmp_path, config):
    model, rows = train(digits, tmp_path, config=config, epochs=4)
    assert {"drloc", "val_drloc"} <= rows[0].keys()
    assert rows[-1]["drloc"] < 0.8 * rows[0]["drloc"]
    assert rows[-1]["val_drloc"] < rows[0]["val_drloc"]
    assert not any("drloc" in variable.path for variable in model.variables)
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= rows[0].keys()


def test_goes_on_to_the_same_bits(digits, tmp_path):
    import keras

    class Stop(keras.callbacks.Callback):
        left = 60

        def on_train_batch_end(self, batch, logs=None):
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGTERM)

        def get_state(self):
            return {}

        def set_state(self, state):
            pass

    reference, rows = train(digits, tmp_path / "whole", epochs=2)
    with pytest.raises(Interrupted):
        train(digits, tmp_path / "parts", [Stop()], epochs=2)
    resumed, resumed_rows = train(digits, tmp_path / "parts", [Stop()], epochs=2)
    assert resumed_rows == rows
    for variable, expected in zip(resumed.weights, reference.weights, strict=True):
        np.testing.assert_array_equal(variable, expected)
    states = [max((tmp_path / name / "checkpoints").iterdir()) / "state.safetensors" for name in ("whole", "parts")]
    whole, parts = (safetensors.numpy.load_file(state) for state in states)
    assert whole.keys() == parts.keys()
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)
    assert any(tensor.shape == (512, 512) for tensor in parts.values())


def test_a_training_without_it_knows_nothing_of_it(digits, tmp_path):
    _, rows = train(digits, tmp_path, epochs=1, weight=None)
    assert "drloc" not in rows[0]
    state = safetensors.numpy.load_file(max((tmp_path / "checkpoints").iterdir()) / "state.safetensors")
    assert not any(512 in tensor.shape for tensor in state.values())


def test_networks_without_a_grid_are_refused(digits, tmp_path):
    with pytest.raises(UsageError, match="needs a map of at least 2x2, vit ends in 1x1 for an input of 8x8; enlarge"):
        train(digits, tmp_path, config=VIT.replace(patch=8))
    with pytest.raises(UsageError, match="needs a network with a map of embeddings, mlp has none"):
        localized(get_config("mlp"))
    for value in (-0.1, 0.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="weight must be above 0 and finite"):
            RelativeLocalization(weight=value)
