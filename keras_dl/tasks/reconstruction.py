"""Reconstruction: make an input again from a code of it; no labels.

Hinton & Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", Science 313, 2006; Vincent et al.,
"Stacked Denoising Autoencoders", JMLR 11, 2010, sections 2 and 3. For every network of an `encoder` and a `decoder`
whose one output has the form of its input.

The loss is the squared error of an example, summed over its numbers, pixels as 0..1: on MNIST 13.87 for 30 principal
components and 3.00 for the deep autoencoder of 2006. With `--task.corrupted 0.25` a quarter of the numbers is 0 in what
the network sees, others at each step, and it learns to tell all of them. In evaluation an example always has the same
ones missing.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.fields import Share
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import BATCH, Task

DRAWN = 16
"""examples that are drawn, each with what became of it"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reconstruction(Task):
    """Make the input again."""

    objective = LOSS
    wants = (("image", "features"),)
    parts = ("encoder", "decoder")

    corrupted: Share = 0.0
    """share of the input that is 0 in what the network sees, for a denoising autoencoder"""

    def inputs(self, batch):
        return {name: batch[name] for name in ("image", "features") if name in batch}

    def prepare(self, batch, key):
        from keras_dl.learning.corruption import corrupted

        [(name, x)] = self.inputs(batch).items()
        return {name: corrupted(x, self.corrupted, key) if self.corrupted else x}, x

    def compiling(self, network, config, options):
        from keras_dl.learning.squared_error import SummedSquaredError

        if isinstance(network.output, dict) or network.output.shape != network.inputs[0].shape:
            raise UsageError(
                f"reconstruction is for networks whose output is their input again; {network.name} has others"
            )
        scale = 255.0 if len(network.output.shape) == 4 else 1.0
        return {"loss": SummedSquaredError(scale), "weighted_metrics": []}

    def example(self, network, count):
        x, _ = super().example(network, count)
        return x, x

    def answers(self, network, config, inputs, spec):
        """The code, and the squared error of what is made of it, pixels as 0..1."""
        scale = 255 if spec.kind == "image" else 1
        codes = network.get_layer("encoder").predict(inputs[spec.input], batch_size=BATCH, verbose=0)
        errors = np.square((self.outputs(network, inputs) - inputs[spec.input]) / scale).reshape(len(codes), -1)
        return [
            {"squared_error": float(error), "code": code.tolist()}
            for error, code in zip(errors.sum(axis=1), codes, strict=True)
        ]

    def draw(self, network, config, split, spec, path):
        from keras_dl.learning.sheets import draw_sheet

        if spec.kind != "image":
            return False
        few = split.take(range(min(DRAWN, len(split))))
        [(seen, pictures)] = few.in_order.batches(DRAWN, self.arrange(network))
        made = network.predict_on_batch(seen.numpy())
        corrupted = {"without a part": seen.numpy()} if self.corrupted else {}
        draw_sheet({"pictures": pictures.numpy(), **corrupted, "made again": made}, path)
        return True
