"""A job of `jobs`, trained in a folder, with a fingerprint of all that it has become."""

import hashlib
import json
from pathlib import Path

import numpy as np
from jobs import KILLED

from keras_dl.training import build
from keras_dl.training.loop import Training
from keras_dl.training.paths import state


def train(name: str, folder: str, callbacks=()) -> str:
    """Train the job `name` in `folder`, or go on there; write and return the fingerprint."""
    config, task, data, options = KILLED[name]()
    config, data = task.adapt(config, data)
    training = Training(build(config, options), config, task, data, options, Path(folder), verbose=0)
    rows = training.run(callbacks=callbacks)
    digest = hashlib.sha256()
    for key, variable in sorted(state(training.learner).items()):
        if not key.startswith("metrics/"):
            digest.update(key.encode() + np.ascontiguousarray(variable.numpy()).tobytes())
    digest.update(json.dumps([{k: v for k, v in row.items() if k != "seconds"} for row in rows]).encode())
    (Path(folder) / "fingerprint").write_text(digest.hexdigest())
    return digest.hexdigest()
