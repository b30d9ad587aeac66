"""Layers that learn one after another: which of them moves, one step by its definition, what they are worth then."""

import keras
import numpy as np
import pytest
from jobs import JOBS, few
from scipy.special import expit, softmax

from keras_dl import UsageError, get_config
from keras_dl.data import Data, Spec, Split, load
from keras_dl.data.dataset import SPLITS
from keras_dl.learning.belief import class_probabilities, highest, machines
from keras_dl.tasks import get_task
from keras_dl.training import Options, build
from keras_dl.training.loop import Training

X = np.random.default_rng(0).random((5, 6)).astype("float32")
Y = np.array([0, 2, 1, 1, 0])
SGD = Options(optimizer="sgd", learning_rate=0.1, batch_size=5, seed=7, epochs=3)


def learner_of(name, task, **fields):
    config = get_config(name, input_shape=(6,), classes=3, **fields)
    learner = task.learner(config.build(), config, SGD)
    from keras_dl.training.objective import compile_model

    compile_model(learner, config, SGD, 1, task)
    generator = np.random.default_rng(1)
    for variable in learner.network.weights:
        variable.assign(generator.normal(0, 0.7, variable.shape))
    return learner


@pytest.mark.parametrize("name", ["layerwise_divergence", "layerwise_denoising"])
def test_one_layer_moves_at_a_time(name):
    network = {"layerwise_divergence": "dbn", "layerwise_denoising": "stacked_denoising_autoencoder"}[name]
    learner = learner_of(network, get_task(name), units=(5, 4, 3))
    for epoch, layer in enumerate(("stage1", "stage2", "stage3")):
        begun = {variable.path: variable.numpy() for variable in learner.network.weights}
        if name == "layerwise_denoising":
            learner.begin_epoch(epoch, 0)
        else:
            learner.stage.assign(epoch)
        learner.train_step((X, Y))
        moved = {path.split("/")[0] for path, value in begun.items() if np.any(value != _named(learner, path))}
        assert moved == ({layer, "head"} if (network, layer) == ("dbn", "stage3") else {layer})


def _named(learner, path):
    return next(variable.numpy() for variable in learner.network.weights if variable.path == path)


def test_a_step_of_the_highest_machine_is_that_of_the_definition():
    """It sees what the layers below say, and the classes, of which its chains draw one."""
    learner = learner_of("dbn", get_task("layerwise_divergence", persistent=False), units=(5, 4, 3))
    learner.stage.assign(2)
    w = {variable.path: variable.numpy().astype("float64") for variable in learner.network.weights}
    learner.train_step((X, Y))
    seen = X
    for stage in ("stage1", "stage2"):
        seen = expit(seen @ w[f"{stage}/kernel"] + w[f"{stage}/bias"])
    seen = np.concatenate([seen, np.eye(3)[Y]], axis=1)
    kernel = np.concatenate([w["stage3/kernel"], w["head/kernel"].T])
    visible = np.concatenate([w["stage3/visible_bias"], w["head/bias"]])
    noise = keras.random.SeedGenerator(7)
    uniform = [np.array(keras.random.uniform((5, size), dtype="float32", seed=noise)) for size in (7, 3)]
    known = expit(seen @ kernel + w["stage3/bias"])
    logits = (uniform[1] < known) @ kernel.T + visible
    ends = softmax(logits[:, 4:], axis=1).cumsum(axis=1)
    classes = np.eye(3)[(ends < uniform[0][:, -1:]).sum(axis=1)]
    dreamed = np.concatenate([uniform[0][:, :4] < expit(logits[:, :4]), classes], axis=1)
    made = expit(dreamed @ kernel + w["stage3/bias"])
    expected = kernel + 0.1 * (seen.T @ known - dreamed.T @ made) / 5
    found = np.array(highest(learner.network).kernels[0])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        highest(learner.network).biases[0], visible + 0.1 * (seen - dreamed).mean(axis=0), rtol=1e-5, atol=1e-6
    )


def test_classes_are_as_probable_as_the_highest_machine_has_them():
    network = learner_of("dbn", get_task("layerwise_divergence"), units=(5, 4, 3)).network
    machine, features = highest(network), np.random.default_rng(0).random((2, 4)).astype("float32")
    hidden = np.array([*np.ndindex(2, 2, 2)], float)
    expected = []
    for row in features:
        visible = [np.concatenate([row, one]) for one in np.eye(3)]
        energies = [
            [-(v @ np.array(machine.kernels[0]) @ h + v @ np.array(machine.biases[0]) + h @ np.array(machine.biases[1]))
             for h in hidden] for v in visible
        ]  # fmt: skip
        shares = np.exp(-np.array(energies)).sum(axis=1)
        expected.append(shares / shares.sum())
    np.testing.assert_allclose(class_probabilities(network, features), expected, rtol=1e-4)


def test_a_denoising_step_is_that_of_the_definition():
    """The gradient of the cross-entropy by the kernel, which is used both ways."""
    learner = learner_of(
        "stacked_denoising_autoencoder", get_task("layerwise_denoising", corrupted=0.4), units=(5, 4, 3)
    )
    learner.stage.assign(1)
    w = {variable.path: variable.numpy().astype("float64") for variable in learner.network.weights}
    learner.train_step((X, Y))
    seen = expit(X @ w["stage1/kernel"] + w["stage1/bias"])
    noise = np.array(keras.random.uniform((5, 5), dtype="float32", seed=keras.random.SeedGenerator(7)))
    part, kernel = np.where(noise < 0.4, 0, seen), w["stage2/kernel"]
    hidden = expit(part @ kernel + w["stage2/bias"])
    error = expit(hidden @ kernel.T) - seen
    back = error @ kernel * hidden * (1 - hidden)
    expected = kernel - 0.1 * (part.T @ back + error.T @ hidden) / 5
    np.testing.assert_allclose(_named(learner, "stage2/kernel"), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(learner.visible_biases["stage2"], -0.1 * error.mean(axis=0), rtol=1e-5, atol=1e-6)


def test_a_belief_network_tells_digits_and_its_layers_are_a_start(tmp_path):
    task = get_task("layerwise_divergence", persistent=False)
    config, data = task.adapt(get_config("dbn", units=(64, 64, 128)), load("digits"))
    options = Options(optimizer="momentum", learning_rate=0.1, epochs=90, batch_size=50, steps_per_execution=26)
    training = Training(build(config, options), config, task, data, options, tmp_path, verbose=0)
    rows = training.run()
    for first in (0, 30, 60):
        assert rows[first + 29]["val_reconstruction"] < rows[first]["val_reconstruction"]
    assert task.scores(training.network, config, data.test, data.spec)["accuracy"] > 0.7
    assert task.made(training.network, config, (0, 1)).shape == (2, 8, 8, 1)
    assert len(machines(training.network)) == 3


def test_labels_are_left_out():
    task = get_task("layerwise_divergence", labels=False)
    learner = learner_of("dbn", task, units=(5, 4))
    learner.stage.assign(1)
    head = learner.network.get_layer("head").get_weights()
    learner.train_step((X, np.zeros(5, "float32")))
    for before, after in zip(head, learner.network.get_layer("head").get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert task.scores(learner.network, None, None, None) == {}
    assert task.dreamed(learner.network, (0,)).shape == (1, 6)


def test_other_networks_data_and_options_are_refused():
    divergence, denoising = get_task("layerwise_divergence"), get_task("layerwise_denoising")
    data = few(load("digits"))
    without = JOBS["language_modeling"]()[2]
    config = get_config("dbn", units=(4, 4, 4))
    with pytest.raises(UsageError, match="3 layers learn one after another; epochs=2 are too few for them"):
        divergence.learner(config.build(), config, Options(epochs=2))
    with pytest.raises(UsageError, match="patience compares epochs, and here each layer has a loss of its own"):
        divergence.learner(config.build(), config, Options(patience=2))
    mlp = get_config("mlp", hidden=(4,))
    with pytest.raises(UsageError, match="layerwise_divergence is for machines, one upon the other, such as dbn; mlp"):
        divergence.learner(mlp.build(), mlp, Options())
    with pytest.raises(UsageError, match="layerwise_denoising is for logistic dense layers, as stacked_denoising_auto"):
        denoising.learner(mlp.build(), mlp, Options())
    with pytest.raises(UsageError, match="layerwise_denoising needs a column of image or features"):
        denoising.adapt(config, without)
    spec = Spec(name="toy", columns={"image": data.spec.columns["image"]})
    unlabelled = Data(spec=spec, **{name: Split({"image": getattr(data, name).columns["image"]}) for name in SPLITS})
    with pytest.raises(UsageError, match="the last layer sees classes, toy has none; --task.no-labels needs none"):
        divergence.adapt(config, unlabelled)
    assert divergence.replace(labels=False).adapt(config, unlabelled)[0].input_shape == (8, 8, 1)
