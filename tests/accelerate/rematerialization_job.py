"""Prints the loss of a small LLaMA and the bytes its gradients took: `rematerialization_job.py keep|again`."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_dl import get_config
from keras_dl.training import Options, build

config = get_config("llama_7b", blocks=8, heads=4, width=64, length=512, vocabulary_size=50, unit_multiple=8)
network = build(config, Options(rematerialize=sys.argv[1] == "again"))
token_ids = tf.constant(np.random.default_rng(0).integers(0, 50, (8, config.length)), "int32")


@tf.function(autograph=False)
def step():
    with tf.GradientTape() as tape:
        logits = network(token_ids, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(token_ids, logits))
    return loss, tape.gradient(loss, [variable.value for variable in network.trainable_variables])


def most() -> int:
    """Bytes of memory so far; that of `getrusage` would be the parent's where this had more."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])


program, before = step.get_concrete_function(), most()
loss, _ = program()
print(json.dumps({"loss": float(loss), "peak": most() - before}))
