"""A small training with all that must survive: dropout, batch normalisation, augmentation, a schedule, patience."""

import hashlib
import json
from pathlib import Path

import tensorflow as tf

from keras_dl import get_config
from keras_dl.data import load
from keras_dl.training import Options, fit, seed_everything

OPTIONS = Options(epochs=6, batch_size=32, schedule="cosine", learning_rate=3e-3, patience=3, seed=7)


def flip(images, seed):
    return tf.image.stateless_random_flip_left_right(images, seed)


def train(folder: str, callbacks=()) -> str:
    """Train in `folder`, or go on there; write and return the fingerprint of all that was learned and measured."""
    data = load("digits")
    config = get_config("mlp", hidden=(48, 24), normalization="batch", dropout=0.2).for_data(data.spec)
    seed_everything(OPTIONS)
    model = config.build()
    rows = fit(model, config, data, OPTIONS, Path(folder), augment=flip, callbacks=callbacks, verbose=0)
    digest = hashlib.sha256()
    for variable in [*model.weights, *model.optimizer.variables]:
        digest.update(variable.numpy().tobytes())
    digest.update(json.dumps([{k: v for k, v in row.items() if k != "seconds"} for row in rows]).encode())
    (Path(folder) / "fingerprint").write_text(digest.hexdigest())
    return digest.hexdigest()
