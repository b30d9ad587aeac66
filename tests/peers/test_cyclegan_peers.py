"""CycleGAN against torch, stacked as in the authors' networks.py: outputs and gradients of its losses."""

import numpy as np
import pytest
from peers import pictures, randomise, relative_error

import keras_dl

torch = pytest.importorskip("torch")
nn = torch.nn


def norm(filters):
    return nn.InstanceNorm2d(filters, affine=False, track_running_stats=False)


class Residual(nn.Module):
    def __init__(self, filters):
        super().__init__()
        modules = []
        for last in (False, True):
            modules += [nn.ReflectionPad2d(1), nn.Conv2d(filters, filters, 3), norm(filters)]
            modules += [] if last else [nn.ReLU()]
        self.path = nn.Sequential(*modules)

    def forward(self, x):
        return x + self.path(x)


def their_generator(filters, blocks):
    modules = [nn.ReflectionPad2d(3), nn.Conv2d(3, filters, 7), norm(filters), nn.ReLU()]
    for width in (2 * filters, 4 * filters):
        modules += [nn.Conv2d(width // 2, width, 3, 2, 1), norm(width), nn.ReLU()]
    modules += [Residual(4 * filters) for _ in range(blocks)]
    for width in (2 * filters, filters):
        modules += [nn.ConvTranspose2d(2 * width, width, 3, 2, 1, output_padding=1), norm(width), nn.ReLU()]
    return nn.Sequential(*modules, nn.ReflectionPad2d(3), nn.Conv2d(filters, 3, 7), nn.Tanh())


def their_discriminator(filters):
    modules = [nn.Conv2d(3, filters, 4, 2, 1), nn.LeakyReLU(0.2)]
    for width, strides in ((2, 2), (4, 2), (8, 1)):
        width *= filters
        modules += [nn.Conv2d(width // 2, width, 4, strides, 1), norm(width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*modules, nn.Conv2d(8 * filters, 1, 4, 1, 1))


def give(part, module):
    """Put the weights of a part of ours into theirs, in the order in which both compute."""
    layers = [layer for layer in part.layers if layer.weights]
    filled = [one for one in module.modules() if isinstance(one, nn.Conv2d | nn.ConvTranspose2d)]
    for layer, one in zip(layers, filled, strict=True):
        kernel, bias = layer.get_weights()
        one.weight.data = torch.from_numpy(kernel).permute(3, 2, 0, 1).contiguous()
        one.bias.data = torch.from_numpy(bias)
    return module


@pytest.fixture(scope="module")
def both():
    ours = randomise(keras_dl.build("cyclegan", input_shape=(64, 64, 3), filters=8, blocks=2))
    theirs = {name: give(ours.get_layer(name), their_generator(8, 2)) for name in ("generator_ab", "generator_ba")}
    return ours, theirs | {"discriminator_b": give(ours.get_layer("discriminator_b"), their_discriminator(8))}


def channels_first(images):
    return torch.from_numpy(np.moveaxis(images / 127.5 - 1, -1, 1).copy())


def channels_last(x):
    return np.moveaxis(x.detach().numpy(), 1, -1)


def test_translations_and_scores_are_the_same(both):
    ours, theirs = both
    images = pictures(2, 64, 64)
    made = theirs["generator_ab"](channels_first(images))
    assert relative_error(ours.get_layer("generator_ab")(images), 127.5 * channels_last(made) + 127.5) < 1e-5
    scores = theirs["discriminator_b"](channels_first(images))
    assert scores.shape == (2, 1, 6, 6)
    assert relative_error(ours.get_layer("discriminator_b")(images), channels_last(scores)) < 1e-5


def test_gradients_of_there_and_back_are_equal(both):
    import keras
    import tensorflow as tf

    ours, theirs = both
    images = pictures(2, 64, 64)
    x = channels_first(images)
    made = theirs["generator_ab"](x)
    loss = ((theirs["discriminator_b"](made) - 1) ** 2).mean() + 10 * (theirs["generator_ba"](made) - x).abs().mean()
    loss.backward()
    there, back, judge = (ours.get_layer(name) for name in ("generator_ab", "generator_ba", "discriminator_b"))
    variables = there.trainable_variables
    with tf.GradientTape() as tape:
        made = there(images)
        found = keras.ops.mean((judge(made) - 1) ** 2) + 10 * keras.ops.mean(keras.ops.abs(back(made) - images)) / 127.5
    assert float(found) == pytest.approx(loss.item(), rel=1e-5)
    gradients = tape.gradient(found, [variable.value for variable in variables])
    expected = [parameter.grad.numpy() for parameter in theirs["generator_ab"].parameters()]
    largest = max(np.abs(one).max() for one in expected)
    for variable, gradient, one in zip(variables, gradients, expected, strict=True):
        one = np.transpose(one, (2, 3, 1, 0)) if one.ndim == 4 else one
        assert np.abs(gradient.numpy() - one).max() <= 1e-4 * largest, variable.path
