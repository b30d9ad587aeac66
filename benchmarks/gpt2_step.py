"""A training step of gpt2_small, SGD on 4 texts of 128 tokens with a dropout of 0.1, and its logits, beside others.

`python benchmarks/gpt2_step.py [ROUNDS] [CONTENDER...]`, a contender being "train: " or "infer: " and a library, as in
"train: keras_dl+bfloat16". Ours is the step of `keras-dl train`: its learner with loss, perplexity and accuracy, by its
optimizer; xla and bfloat16 are `--xla true` and `--precision bfloat16`. `products` is the limit: the products of
matrices of all dense layers alone, in TensorFlow, and for a training step those of their gradients. Weights are random.
"""

import functools
import os

import numpy as np
import turns

BATCH, LENGTH, TOKENS, RATE = 4, 128, 50257, 1e-3
TEXTS = np.random.default_rng(0).integers(1, TOKENS, (BATCH, LENGTH + 1)).astype("int32")
X, Y = TEXTS[:, :-1], TEXTS[:, 1:]


def keras_dl(work, xla=False, precision="float32"):
    import keras_dl
    from keras_dl.tasks import get_task
    from keras_dl.training import Options, build
    from keras_dl.training.objective import compile_model

    config, task = keras_dl.get_config("gpt2_small", length=LENGTH), get_task("language_modeling")
    settings = {"xla": xla, "precision": precision, "deterministic": False, "weight_decay": 0.0}
    options = Options(batch_size=BATCH, optimizer="sgd", learning_rate=RATE, **settings)
    network = build(config, options)
    if work == "infer":
        network.compile(jit_compile=xla)
        return lambda: network.predict_on_batch({"token_ids": X})
    learner = task.learner(network, config, options)
    compile_model(learner, config, options, 1, task)
    return lambda: learner.train_on_batch({"token_ids": X}, Y, np.ones(Y.shape, "float32"), return_dict=True)


def keras_hub(work):
    import keras
    import keras_hub

    sizes = {"num_layers": 12, "num_heads": 12, "hidden_dim": 768, "intermediate_dim": 3072, "dropout": 0.1}
    backbone = keras_hub.models.GPT2Backbone(vocabulary_size=TOKENS, max_sequence_length=LENGTH, **sizes)
    network = keras_hub.models.GPT2CausalLM(backbone, preprocessor=None)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.SGD(RATE), loss=loss, weighted_metrics=["accuracy"])
    x, weights = {"token_ids": X, "padding_mask": np.ones(X.shape, bool)}, np.ones(Y.shape, "float32")
    if work == "infer":
        return lambda: network.predict_on_batch(x)
    return lambda: network.train_on_batch(x, Y, weights)


def transformers(work):
    import libraries

    libraries.torch_without_torchvision()
    import torch
    import transformers

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    network = transformers.GPT2LMHeadModel(transformers.GPT2Config(n_positions=LENGTH)).train(work == "train")
    x, y = torch.from_numpy(X).long(), torch.from_numpy(Y).long()
    optimizer, loss = torch.optim.SGD(network.parameters(), RATE), torch.nn.CrossEntropyLoss()

    def train():
        optimizer.zero_grad()
        value = loss(network(x).logits.flatten(0, 1), y.flatten())
        value.backward()
        optimizer.step()
        return value.item()

    def infer():
        with torch.inference_mode():
            return network(x).logits.numpy()

    return train if work == "train" else infer


def products(work):
    import tensorflow as tf

    shapes = [*[(768, 2304), (768, 768), (768, 3072), (3072, 768)] * 12, (768, TOKENS)]
    random = np.random.default_rng(0)
    kernels = [tf.constant(random.normal(size=shape), "float32") for shape in shapes]
    states = {
        width: tf.constant(random.normal(size=(BATCH * LENGTH, width)), "float32") for width in {*sum(shapes, ())}
    }

    def multiply():
        for kernel, (taken, made) in zip(kernels, shapes, strict=True):
            last = states[taken] @ kernel
            if work == "train":
                tf.matmul(states[made], kernel, transpose_b=True)
                last = tf.matmul(states[taken], states[made], transpose_a=True)
        return last.numpy()

    return multiply


LIBRARIES = {
    "keras_dl": keras_dl,
    "keras_dl+xla": functools.partial(keras_dl, xla=True),
    "keras_dl+bfloat16": functools.partial(keras_dl, precision="bfloat16"),
    "keras_dl+xla+bfloat16": functools.partial(keras_dl, xla=True, precision="bfloat16"),
    "keras_hub": keras_hub,
    "transformers": transformers,
    "products": products,
}
MAKERS = {
    f"{work}: {name}": functools.partial(maker, work)
    for work in ("train", "infer")
    for name, maker in LIBRARIES.items()
}

if __name__ == "__main__":
    theirs = [name for name in MAKERS if name.endswith(("keras_hub", "transformers", "products"))]
    usual = ["train: keras_dl", "train: keras_dl+bfloat16", "train: keras_hub", "train: transformers"]
    turns.main("gpt2_small, 4 x 128 tokens", MAKERS, theirs, usual)
