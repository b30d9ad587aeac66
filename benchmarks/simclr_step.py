"""A training step of simclr_small on two views of 64 pictures of 32 pixels, by SGD with momentum.

`python benchmarks/simclr_step.py [ROUNDS] [CONTENDER...]`. Ours is the step of `keras-dl train --optimizer sgd`: its
learner with the loss and the share of views that find each other; xla is `--xla true`. torch is torchvision's resnet18
with the same stem and projection, and the loss as its users write it; "+last" in channels last. Weights and views are
random.
"""

import functools
import os

import numpy as np
import turns

PICTURES, SIZE, RATE, TEMPERATURE = 64, 32, 0.05, 0.5
VIEWS = np.random.default_rng(0).uniform(0, 255, (PICTURES, 2, SIZE, SIZE, 3)).astype("float32")


def keras_dl(xla=False):
    turns.imported("tensorflow", "keras", "keras_dl")
    import keras_dl
    from keras_dl.tasks import get_task
    from keras_dl.training import Options, build
    from keras_dl.training.objective import compile_model

    config, task = keras_dl.get_config("simclr_small"), get_task("contrastive")
    settings = {"xla": xla, "deterministic": False, "weight_decay": 0.0}
    options = Options(batch_size=PICTURES, optimizer="sgd", learning_rate=RATE, **settings)
    learner = task.learner(build(config, options), config, options)
    compile_model(learner, config, options, 1, task)
    return lambda: learner.train_on_batch(VIEWS, np.zeros(PICTURES, "float32"), return_dict=True)


def torch(last=False):
    import libraries

    libraries.torch_without_torchvision()
    turns.imported("torch", "torchvision")
    import torch
    import torchvision
    from torch import nn

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    network = torchvision.models.resnet18()
    network.conv1, network.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    network.fc = nn.Sequential(nn.Linear(512, 512), nn.ReLU(True), nn.Linear(512, 128))
    form = torch.channels_last if last else torch.contiguous_format
    network = network.to(memory_format=form)
    optimizer = torch.optim.SGD(network.parameters(), RATE, momentum=0.9)
    partners = torch.arange(2 * PICTURES).roll(PICTURES)
    itself = torch.eye(2 * PICTURES, dtype=torch.bool)

    def step():
        views = torch.from_numpy(np.concatenate([VIEWS[:, 0], VIEWS[:, 1]])).permute(0, 3, 1, 2)
        views = views.contiguous(memory_format=form) / 127.5 - 1
        optimizer.zero_grad()
        projected = nn.functional.normalize(network(views), dim=1)
        cosines = (projected @ projected.T / TEMPERATURE).masked_fill(itself, float("-inf"))
        loss = nn.functional.cross_entropy(cosines, partners)
        loss.backward()
        optimizer.step()
        return loss.item(), (cosines.argmax(1) == partners).float().mean().item()

    return step


MAKERS = {
    "keras_dl": keras_dl,
    "keras_dl+xla": functools.partial(keras_dl, xla=True),
    "torch": torch,
    "torch+last": functools.partial(torch, last=True),
}

if __name__ == "__main__":
    turns.main("simclr_small, 2 x 64 x 32 x 32", MAKERS, ["torch", "torch+last"], [*MAKERS])
