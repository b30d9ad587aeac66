"""Segmentation: a U-Net names every pixel of a picture, the background or the class of what is drawn there.

Pictures of strokes, such as digits, come with one label each; the mask is that label where there is ink and 0 on the
background. A pixel of ink looks alike in all classes, so the network has to use the shape around it.
Ronneberger, Fischer & Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015.

Run it by `keras-dl run segmentation`, with `--data mnist` on more digits.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl import storage
from keras_dl.catalogue import get_config
from keras_dl.config import Config
from keras_dl.console import plain_console
from keras_dl.data import Data, Spec, Split, load
from keras_dl.data.options import DataOptions
from keras_dl.data.spec import Column
from keras_dl.errors import UsageError
from keras_dl.experiments.recipe import Recipe
from keras_dl.tasks import get_task
from keras_dl.training import Options

INK = 127.5
CARD = """# {config.family} on the strokes of {recipe.data}

{parameters:,} parameters, input {config.input_shape}, a class for every pixel: background or one of the labels.
Mean intersection over union {mean_iou:.3f} on {examples:,} test pictures, {ink_accuracy:.3f} of the ink named right.

Trained by keras_dl for {recipe.epochs} epochs: {recipe.optimizer}, learning rate {recipe.learning_rate:g}
({recipe.schedule}), batches of {recipe.batch_size}, seed {recipe.seed}.
Load it by `keras_dl.load(folder)`; inputs are pixels 0..255, outputs logits (height, width, classes).
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Segmentation(Options, DataOptions, Recipe):
    """Train a U-Net on masks made from labelled pictures of strokes, and measure its intersection over union."""

    network: Config = get_config("unet", padding="same", levels=2, filters=8, dropout=0.0)
    """the network; its input shape and classes follow the data"""

    def run(self) -> dict:
        """Returns the test "mean_iou", "ink_accuracy" and "background", the share of the commonest pixels."""
        from keras_dl.training.job import Job

        folder = self.folder()
        console = plain_console()
        if self.network.task != "segmentation":
            raise UsageError(f"network must be one for segmentation, such as unet, got {self.network.family}")
        loading = {"name": self.data, "seed": self.seed, **self.loading}
        job = Job(network=self.network, task=get_task("segmentation"), loading=loading, options=self)
        data = load(**loading)
        if data.spec.kind != "image" or data.spec.shape[2] != 1:
            raise UsageError(f"{self.data} has no gray pictures of strokes, from which to make masks")
        config, data = job.task.adapt(self.network, with_masks(data))
        console.print(f"{config.family}; {self.data}: {len(data.train):,} train")
        trained = job.train(folder, config, data)
        network, test = trained.network, data.test
        guesses = network.predict(test.batches(self.batch_size), verbose=0).argmax(axis=-1)
        result = {**scores(test.labels, guesses, config.classes), "parameters": network.count_params()}
        trained.save(
            folder / "model", card=CARD.format(recipe=self, config=config, examples=len(test), **result), facts=result
        )
        storage.write_json(folder / "result.json", result)
        job.task.draw(network, config, test, data.spec, folder / "masks.png")
        iou, ink, constant = (100 * result[key] for key in ("mean_iou", "ink_accuracy", "background"))
        console.print(
            f"mean intersection over union {iou:.1f} %, {ink:.1f} % of the ink named right, on {len(test):,} test "
            f"pictures; always answering background gives {constant / config.classes:.1f} % and 0 %. "
            f"The masks are drawn in {folder / 'masks.png'}."
        )
        return result


def with_masks(data: Data) -> Data:
    """`data` whose labels are masks, (n, height, width) uint8: 0 on the background, label + 1 on ink."""

    def masked(split: Split) -> Split:
        ink = split.inputs()[..., 0] > INK
        masks = np.where(ink, split.labels[:, None, None] + 1, 0).astype("uint8")
        return Split({"image": split.columns["image"], "mask": masks}, split.shape)

    names = ("background", *data.spec.class_names)
    splits = {name: masked(getattr(data, name)) for name in ("train", "validation", "test")}
    columns = {
        "image": data.spec.columns["image"],
        "mask": Column(kind="mask", shape=data.spec.shape[:2], class_names=names),
    }
    return dataclasses.replace(data, spec=Spec(name=data.spec.name, columns=columns), **splits)


def scores(masks: np.ndarray, guesses: np.ndarray, classes: int) -> dict[str, float]:
    """Intersection over union, averaged over the classes, and the share of ink that is named right."""
    together = np.bincount(classes * masks.ravel().astype(int) + guesses.ravel(), minlength=classes**2)
    together = together.reshape(classes, classes)
    union = together.sum(axis=0) + together.sum(axis=1) - together.diagonal()
    return {
        "mean_iou": float(np.mean(together.diagonal() / np.maximum(union, 1))),
        "ink_accuracy": float(together.diagonal()[1:].sum() / together[1:].sum()),
        "background": float(together[0].sum() / together.sum()),
    }
