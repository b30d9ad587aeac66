"""What export does on JAX: `python -m keras_dl.export.jax_job write SAVED_MODEL FILE | run FILE INPUTS OUTPUTS`."""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import numpy as np
from jax import export

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


def write(folder: str, file: str) -> None:
    """Write the network saved in `folder`, weights included, for batches of any size and for all `PLATFORMS`."""
    from keras_dl.saved_model import load

    model = load(folder)
    (batch,) = export.symbolic_shape("batch")
    inputs = jax.ShapeDtypeStruct((batch, *model.input_shape[1:]), model.inputs[0].dtype)
    function = jax.jit(lambda x: model(x, training=False))
    Path(file).write_bytes(export.export(function, platforms=PLATFORMS)(inputs).serialize())


def run(file: str, inputs: str, outputs: str) -> None:
    """Run the network in `file`, without Keras, on every array of `inputs`; both are .npz."""
    network = export.deserialize(Path(file).read_bytes())
    with np.load(inputs) as batches:
        np.savez(outputs, *(np.asarray(network.call(x)) for x in batches.values()))


if __name__ == "__main__":
    try:
        {"write": write, "run": run}[sys.argv[1]](*sys.argv[2:])
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
