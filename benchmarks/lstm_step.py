"""A training step of lstm_classifier on 32 sentences of 40 words, Adam, beside `keras.layers.LSTM` and PyTorch's.

`python benchmarks/lstm_step.py [ROUNDS] [CONTENDER...]`; a turn is `STEPS` steps. Ours is the step of `keras-dl train`,
`quiet` how recipes train, many steps in one program; theirs are under `model.fit` and in a plain loop of PyTorch.
"""

import functools
import os

import numpy as np
import turns

BATCH, LENGTH, WORDS, CLASSES, WIDTH, UNITS, STEPS, RATE = 32, 40, 9596, 6, 32, 64, 50, 1e-3
GENERATOR = np.random.default_rng(0)
X = GENERATOR.integers(4, WORDS, (STEPS * BATCH, LENGTH)).astype("int32")
MASK = np.arange(LENGTH) < GENERATOR.integers(5, LENGTH + 1, (STEPS * BATCH, 1))
Y = GENERATOR.integers(0, CLASSES, STEPS * BATCH)


def keras_dl(xla=False):
    import keras_dl
    from keras_dl.tasks import get_task
    from keras_dl.training import Options, build
    from keras_dl.training.objective import compile_model

    config, task = keras_dl.get_config("lstm_classifier"), get_task("classification")
    options = Options(
        batch_size=BATCH, optimizer="adam", learning_rate=RATE, xla=xla, deterministic=False, weight_decay=0.0
    )
    network = build(config, options)
    learner = task.learner(network, config, options)
    compile_model(learner, config, options, STEPS, task)
    return fitted(learner, {"token_ids": X, "padding_mask": MASK})


def fitted(model, x):
    """`STEPS` steps of `model.fit`."""
    import tensorflow as tf

    batches = tf.data.Dataset.from_tensor_slices((x, Y)).batch(BATCH, drop_remainder=True).prefetch(2)
    return lambda: model.fit(batches, verbose=0)


def keras_fit():
    import keras

    model = keras.Sequential(
        [
            keras.layers.Embedding(WORDS, WIDTH, mask_zero=True),
            keras.layers.Dropout(0.5),
            keras.layers.LSTM(UNITS),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(CLASSES),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(RATE), loss=loss, metrics=["accuracy"])
    return fitted(model, X * MASK)


def torch():
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.dropout = torch.nn.Embedding(WORDS, WIDTH), torch.nn.Dropout(0.5)
            self.lstm, self.head = torch.nn.LSTM(WIDTH, UNITS, batch_first=True), torch.nn.Linear(UNITS, CLASSES)

        def forward(self, x, lengths):
            x = torch.nn.utils.rnn.pack_padded_sequence(
                self.dropout(self.table(x)), lengths, batch_first=True, enforce_sorted=False
            )
            return self.head(self.dropout(self.lstm(x)[1][0][0]))

    network, loss = Network(), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    x, lengths, y = torch.from_numpy(X).long(), torch.from_numpy(MASK.sum(1)), torch.from_numpy(Y)

    def train():
        for start in range(0, len(X), BATCH):
            part = slice(start, start + BATCH)
            optimizer.zero_grad()
            loss(network(x[part], lengths[part]), y[part]).backward()
            optimizer.step()

    return train


MAKERS = {
    "keras_dl": keras_dl,
    "keras_dl+xla": functools.partial(keras_dl, xla=True),
    "keras_fit": keras_fit,
    "torch": torch,
}

if __name__ == "__main__":
    turns.main("50 training steps of lstm_classifier", MAKERS, ["keras_fit", "torch"], list(MAKERS), work=STEPS)
