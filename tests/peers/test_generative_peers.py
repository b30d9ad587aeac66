"""The variational autoencoder and DCGAN against torch, stacked as in pytorch/examples: outputs and gradients."""

import numpy as np
import pytest
from peers import pictures, randomise, relative_error

import keras_dl

torch = pytest.importorskip("torch")
nn = torch.nn


def give(layer, module):
    """Put the weights of a Keras layer into the torch module of the same kind."""
    values = [torch.from_numpy(value) for value in layer.get_weights()]
    if isinstance(module, nn.Linear):
        module.weight.data, module.bias.data = values[0].T.contiguous(), values[1]
    elif isinstance(module, nn.BatchNorm2d):
        module.weight.data, module.bias.data, module.running_mean, module.running_var = values
    else:  # (height, width, outputs, inputs) transposed, (height, width, inputs, outputs) else
        module.weight.data = values[0].permute(3, 2, 0, 1).contiguous()


def channels_first(x):
    return torch.from_numpy(np.moveaxis(x, -1, 1).copy())


def test_the_variational_autoencoder():
    model = randomise(keras_dl.build("vae"))
    dense = {name: nn.Linear(*sizes) for name, sizes in {
        "encoder_stage1": (784, 400), "encoder_mean": (400, 20), "encoder_log_variance": (400, 20),
        "decoder_stage1": (20, 400), "decoder_head": (400, 784),
    }.items()}  # fmt: skip
    for name, module in dense.items():
        give(model.get_layer(name.partition("_")[0]).get_layer(name), module)
    images = pictures(4, 28, 28, 1)
    flat = torch.from_numpy(images.reshape(4, 784) / 255)
    hidden = torch.relu(dense["encoder_stage1"](flat))
    mean, log_variance = dense["encoder_mean"](hidden), dense["encoder_log_variance"](hidden)
    logits = dense["decoder_head"](torch.relu(dense["decoder_stage1"](mean))).reshape(4, 28, 28, 1)
    outputs = model(images)
    for name, expected in {"mean": mean, "log_variance": log_variance, "image": logits}.items():
        assert relative_error(outputs[name], expected.detach()) < 1e-5


def test_the_dense_adversaries():
    ours = randomise(keras_dl.build("gan_mlp"))
    generator, discriminator = (ours.get_layer(part) for part in ("generator", "discriminator"))
    sizes = {"generator_stage1": (100, 1200), "generator_stage2": (1200, 1200), "generator_head": (1200, 784)}
    dense = {name: nn.Linear(*size) for name, size in sizes.items()}
    for name, module in dense.items():
        give(generator.get_layer(name), module)
    x = torch.from_numpy(NOISE)
    for name in ("generator_stage1", "generator_stage2"):
        x = torch.relu(dense[name](x))
    pixels = 255 * torch.sigmoid(dense["generator_head"](x)).reshape(6, 28, 28, 1)
    assert relative_error(generator(NOISE), pixels.detach()) < 1e-5
    images = pictures(6, 28, 28, 1)
    x = torch.from_numpy(images.reshape(6, 784) / 255)
    for name, width in (("discriminator_stage1_dense", 784), ("discriminator_stage2_dense", 240)):
        module = nn.Linear(width, 1200)
        give(discriminator.get_layer(name), module)
        x = module(x).reshape(6, 240, 5).max(dim=2).values
    head = nn.Linear(240, 1)
    give(discriminator.get_layer("discriminator_head"), head)
    assert relative_error(discriminator(images), head(x).detach()) < 1e-5


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_spectral_normalization():
    import keras

    from keras_dl.layers import SpectralConv2D

    keras.utils.set_random_seed(0)
    images = pictures(2, 8, 8)
    ours = SpectralConv2D(5, 4, strides=2, padding="same", bias_initializer="random_normal")
    ours(images)
    theirs = nn.Conv2d(3, 5, 4, 2, 1)
    weight, bias = ours.get_weights()[:2]
    theirs.weight.data = torch.from_numpy(weight).permute(3, 2, 0, 1).contiguous()
    theirs.bias.data = torch.from_numpy(bias)
    theirs = nn.utils.spectral_norm(theirs)
    theirs.weight_u.data = torch.from_numpy(ours.direction.numpy())
    for _ in range(3):
        found, expected = ours(images, training=True), theirs(channels_first(images))
        assert relative_error(found, channels_last(expected)) < 1e-5


@pytest.fixture(scope="module")
def both():
    """Our network and theirs, (generator, discriminator), with the same weights."""
    ours = randomise(keras_dl.build("dcgan", filters=16))
    maps = [16 * 2**stage for stage in range(4)]
    generator = [nn.ConvTranspose2d(100, maps[3], 4, 1, 0, bias=False), nn.BatchNorm2d(maps[3]), nn.ReLU()]
    for above, below in ((3, 2), (2, 1), (1, 0)):
        generator += [nn.ConvTranspose2d(maps[above], maps[below], 4, 2, 1, bias=False), nn.BatchNorm2d(maps[below])]
        generator += [nn.ReLU()]
    generator += [nn.ConvTranspose2d(maps[0], 3, 4, 2, 1, bias=False), nn.Tanh()]
    discriminator = [nn.Conv2d(3, maps[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for below, above in ((0, 1), (1, 2), (2, 3)):
        discriminator += [nn.Conv2d(maps[below], maps[above], 4, 2, 1, bias=False), nn.BatchNorm2d(maps[above])]
        discriminator += [nn.LeakyReLU(0.2)]
    discriminator += [nn.Conv2d(maps[3], 1, 4, 1, 0, bias=False)]
    for part, modules in (("generator", generator), ("discriminator", discriminator)):
        layers = [layer for layer in ours.get_layer(part).layers if layer.weights]
        filled = [module for module in modules if list(module.parameters())]
        for layer, module in zip(layers, filled, strict=True):
            give(layer, module)
    return ours, nn.Sequential(*generator), nn.Sequential(*discriminator)


NOISE = np.random.default_rng(0).normal(size=(6, 100)).astype("float32")


@pytest.mark.parametrize("training", [False, True])
def test_dcgan_makes_and_judges_the_same_pictures(both, training):
    ours, generator, discriminator = both
    for module in (generator, discriminator):
        module.train(training)
        for norm in module:
            if isinstance(norm, nn.BatchNorm2d):
                norm.momentum = 0.0
    made = generator(torch.from_numpy(NOISE)[:, :, None, None])
    pixels = 127.5 * made + 127.5
    assert relative_error(ours.get_layer("generator")(NOISE, training=training), channels_last(pixels)) < 1e-5
    images = pictures(6, 64, 64)
    logits = discriminator(channels_first(images / 127.5 - 1)).reshape(6, 1)
    judged = ours.get_layer("discriminator")(images, training=training)
    assert relative_error(judged, logits.detach()) < 1e-5
    both_parts = ours(NOISE, training=training)["real"]
    assert relative_error(both_parts, discriminator(made).reshape(6, 1).detach()) < 1e-4


def channels_last(x):
    return np.moveaxis(x.detach().numpy(), 1, -1)


def test_gradients_of_the_generators_loss_are_equal(both):
    import keras
    import tensorflow as tf

    ours, generator, discriminator = both
    generator.train()
    discriminator.train()
    made = generator(torch.from_numpy(NOISE)[:, :, None, None])
    loss = nn.functional.softplus(-discriminator(made)).mean()
    loss.backward()
    part = ours.get_layer("generator")
    variables = part.trainable_variables
    with tf.GradientTape() as tape:
        ours_loss = keras.ops.mean(keras.ops.softplus(-ours(NOISE, training=True)["real"]))
    assert float(ours_loss) == pytest.approx(loss.item(), rel=1e-5)
    gradients = tape.gradient(ours_loss, [variable.value for variable in variables])
    theirs = [parameter.grad.numpy() for parameter in generator.parameters()]
    assert len(theirs) == len(variables)
    for variable, gradient, expected in zip(variables, gradients, theirs, strict=True):
        expected = np.transpose(expected, (2, 3, 1, 0)) if expected.ndim == 4 else expected
        assert np.abs(gradient.numpy() - expected).max() <= 2e-5 * np.abs(expected).max(), variable.path
        assert np.abs(expected).max() > 1e-7, variable.path


def test_the_deep_autoencoder_and_its_gradients():
    import keras
    import tensorflow as tf

    ours = randomise(keras_dl.build("deep_autoencoder"))
    widths = [784, 1000, 500, 250, 30, 250, 500, 1000, 784]
    dense = [layer for part in ("encoder", "decoder") for layer in ours.get_layer(part).layers if layer.weights]
    for layer in dense:
        layer.kernel.assign(4 * layer.kernel)  # logistic units pass little on at smaller weights
    modules = []
    for layer, below, above in zip(dense, widths, widths[1:], strict=False):
        give(layer, linear := nn.Linear(below, above))
        modules += [linear, nn.Identity() if above == 30 else nn.Sigmoid()]
    theirs = nn.Sequential(*modules)
    images = pictures(4, 28, 28, 1)
    flat = torch.from_numpy(images.reshape(4, 784) / 255)
    made = theirs(flat)
    assert relative_error(ours(images), 255 * made.detach().reshape(4, 28, 28, 1)) < 1e-5
    loss = ((made - flat) ** 2).sum(dim=1).mean()
    loss.backward()
    with tf.GradientTape() as tape:
        errors = keras.ops.square((ours(images) - images) / 255)
        value = keras.ops.mean(keras.ops.sum(errors, axis=(1, 2, 3)))
    assert float(value) == pytest.approx(loss.item(), rel=1e-5)
    gradients = tape.gradient(value, [layer.kernel.value for layer in dense])
    for gradient, linear in zip(gradients, modules[::2], strict=True):
        expected = linear.weight.grad.numpy().T
        assert np.abs(gradient.numpy() - expected).max() <= 2e-5 * np.abs(expected).max()
