"""A training step of dcgan, of its discriminator and then of its generator, on 128 pictures of 64 pixels.

`python benchmarks/dcgan_step.py [ROUNDS] [CONTENDER...]`. Ours is the step of `keras-dl train`: its learner with both
optimizers; xla is `--xla true`. "function" is the same networks in a step written as a plain `tf.function`. torch is
the step of pytorch/examples' dcgan, in channels first as there; "+last" in channels last. Adam everywhere; weights are
random, and so are the pictures.
"""

import functools
import itertools
import os

import numpy as np
import turns

BATCH, SIZE, LATENT = 128, 64, 100
ADAM = {"learning_rate": 2e-4, "beta_1": 0.5}
PICTURES = np.random.default_rng(0).uniform(0, 255, (BATCH, SIZE, SIZE, 3)).astype("float32")
NOISE = np.random.default_rng(1).normal(size=(BATCH, LATENT)).astype("float32")


def keras_dl(xla=False):
    turns.imported("tensorflow", "keras", "keras_dl")
    import keras_dl
    from keras_dl.tasks import get_task
    from keras_dl.training import Options, build
    from keras_dl.training.objective import compile_model

    config, task = keras_dl.get_config("dcgan"), get_task("adversarial_generation")
    options = Options(batch_size=BATCH, learning_rate=ADAM["learning_rate"], xla=xla, deterministic=False)
    learner = task.learner(build(config, options), config, options)
    compile_model(learner, config, options, 1, task)
    x, y = {"image": PICTURES, "noise": NOISE}, np.zeros(BATCH, "float32")
    return lambda: learner.train_on_batch(x, y, return_dict=True)


def function():
    turns.imported("tensorflow", "keras", "keras_dl")
    import keras
    import tensorflow as tf

    import keras_dl

    network = keras_dl.build("dcgan")
    generator, discriminator = (network.get_layer(part) for part in ("generator", "discriminator"))
    of_generator, of_discriminator = keras.optimizers.Adam(**ADAM), keras.optimizers.Adam(**ADAM)

    def surprise(logits, target):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.fill(tf.shape(logits), target), logits))

    @tf.function
    def step(pictures, noise):
        with tf.GradientTape() as generating:
            made = generator(noise, training=True)
            with tf.GradientTape() as discriminating:
                real, told = (discriminator(one, training=True) for one in (pictures, tf.stop_gradient(made)))
                judged = surprise(real, 1.0) + surprise(told, 0.0)
            variables = discriminator.trainable_variables
            of_discriminator.apply(discriminating.gradient(judged, variables), variables)
            fooled = surprise(discriminator(made, training=True), 1.0)
        variables = generator.trainable_variables
        of_generator.apply(generating.gradient(fooled, variables), variables)
        return judged, fooled

    return lambda: [loss.numpy() for loss in step(PICTURES, NOISE)]


def torch(last=False):
    turns.imported("torch")
    import torch
    from torch import nn

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    widths = [512, 256, 128, 64]
    generator = [nn.ConvTranspose2d(LATENT, 512, 4, 1, 0, bias=False), nn.BatchNorm2d(512), nn.ReLU(True)]
    for inputs, outputs in itertools.pairwise(widths):
        generator += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True)]
    generator = nn.Sequential(*generator, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())
    discriminator = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
    for outputs, inputs in reversed(list(itertools.pairwise(widths))):
        discriminator += [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs)]
        discriminator += [nn.LeakyReLU(0.2, inplace=True)]
    discriminator = nn.Sequential(*discriminator, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Sigmoid())
    form = torch.channels_last if last else torch.contiguous_format
    generator, discriminator = generator.to(memory_format=form), discriminator.to(memory_format=form)
    rate, betas = ADAM["learning_rate"], (ADAM["beta_1"], 0.999)
    optimizers = [torch.optim.Adam(part.parameters(), rate, betas) for part in (discriminator, generator)]
    loss, real, made_up = nn.BCELoss(), torch.ones(BATCH), torch.zeros(BATCH)
    noise = torch.from_numpy(NOISE)[:, :, None, None]

    def step():
        pictures = torch.from_numpy(PICTURES).permute(0, 3, 1, 2).contiguous(memory_format=form) / 127.5 - 1
        discriminator.zero_grad()
        judged = loss(discriminator(pictures).view(-1), real)
        judged.backward()
        made = generator(noise)
        told = loss(discriminator(made.detach()).view(-1), made_up)
        told.backward()
        optimizers[0].step()
        generator.zero_grad()
        fooled = loss(discriminator(made).view(-1), real)
        fooled.backward()
        optimizers[1].step()
        return judged.item() + told.item(), fooled.item()

    return step


MAKERS = {
    "keras_dl": keras_dl,
    "keras_dl+xla": functools.partial(keras_dl, xla=True),
    "function": function,
    "torch": torch,
    "torch+last": functools.partial(torch, last=True),
}

if __name__ == "__main__":
    turns.main("dcgan, 128 x 64 x 64", MAKERS, ["function", "torch", "torch+last"], [*MAKERS])
