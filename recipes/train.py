"""Train any network on any data, and save it.

Run it by `keras-dl train lenet5_modern --data mnist`, or import `Train`.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar, Literal

from keras_dl import saved_model, storage
from keras_dl.augment.by_name import by_name
from keras_dl.catalogue import get_config
from keras_dl.config import Config
from keras_dl.console import plain_console
from keras_dl.data import Spec, load
from keras_dl.data.options import DataOptions
from keras_dl.errors import UsageError
from keras_dl.experiments.recipe import Recipe
from keras_dl.training import Options, build, fit, kept_row
from keras_dl.training.checkpoint import CHECKPOINTS, generations


@dataclasses.dataclass(frozen=True, kw_only=True)
class Train(Options, DataOptions, Recipe):
    """Train a network on a data set; the best or last weights are saved and measured once on the test split."""

    command: ClassVar[str] = "train"
    """what follows `keras-dl` to run it"""
    prolongs = ("epochs",)

    network: Config = get_config("lenet5_modern")
    """the network; its input shape and classes follow the data"""
    weights: str | None = None
    """what it starts from: the name of published weights, such as imagenet, a file of them, or a saved model; for
    other classes than theirs the head is new"""
    augment: tuple[
        Literal[
            "flip",
            "shift",
            "rotate",
            "crop",
            "scale",
            "contrast",
            "brightness",
            "color",
            "erase",
            "rand_augment",
            "mixup",
            "cutmix",
        ],
        ...,
    ] = ()
    """random changes to the training pictures, in this order; mixup and cutmix mix them, and their labels"""

    def __post_init__(self):
        super().__post_init__()
        if self.freeze and self.weights is None:
            raise UsageError(f"freeze={' '.join(self.freeze)} would keep random weights; give weights to start from")
        if self.initialization and self.weights is not None:
            raise UsageError(f"initialization={self.initialization} would undo weights={self.weights}; leave one out")

    def run(self) -> dict:
        """Returns the test "loss" and "accuracy", the counts, and the epochs trained."""
        folder = self.folder()
        console = plain_console()
        data = load(self.data, seed=self.seed, **self.loading)
        config = self.network.for_data(data.spec)
        if data.spec.kind == "image":
            data = data.resized(config.input_shape)
        changes = by_name(self.augment, data.spec)
        for notice in data.notices:
            console.print(f"note: {notice}", markup=False)

        begun = bool(generations(folder / CHECKPOINTS))
        model = build(config, self, None if begun else self.weights)
        counts = ", ".join(f"{count:,} {split}" for split, count in data.spec.counts.items())
        console.print(f"{config.family}: {model.count_params():,} parameters; {self.data}: {counts}", markup=False)
        if self.weights is not None and not begun:
            console.print(f"starting from {self.weights}", markup=False)
        rows = fit(model, config, data, self, folder, **changes)
        test = model.evaluate(data.test.batches(self.batch_size), verbose=0, return_dict=True)
        result = {
            "test_accuracy": test["accuracy"],
            "test_loss": test["loss"],
            "test_examples": len(data.test),
            "parameters": model.count_params(),
            "epochs": len(rows),
            "best_epoch": kept_row(rows, self)["epoch"] + 1,
            "seconds": round(sum(row["seconds"] for row in rows), 1),
        }
        saved_model.save(
            model,
            folder / "model",
            config=config,
            class_names=data.spec.class_names,
            card=_card(self, config, data.spec, result),
            facts={
                **result,
                "training": {"seed": self.seed, "validation": self.validation},
                "test_labels": data.test.fingerprint["columns"]["label"]["sha256"],
            },
        )
        storage.write_json(folder / "result.json", result)
        console.print(
            f"test accuracy {100 * result['test_accuracy']:.2f} % on {result['test_examples']:,} examples "
            f"after {result['epochs']} epochs ({result['seconds']:.0f} s)"
        )
        console.print(f"model, curves and metrics are in {folder}", markup=False)
        return result


def _card(recipe: Train, config: Config, spec: Spec, result: dict) -> str:
    return f"""# {config.family} on {spec.name}

{result["parameters"]:,} parameters, input {config.input_shape}, {spec.classes} classes.
Test accuracy {100 * result["test_accuracy"]:.2f} % on {result["test_examples"]:,} examples that decided nothing before.

Trained by keras_dl on {spec.counts["train"]:,} examples for {result["epochs"]} epochs: {recipe.optimizer},
learning rate {recipe.learning_rate:g} ({recipe.schedule}), weight decay {recipe.weight_decay:g} on
{recipe.weight_decay_on}, batches of {recipe.batch_size}, augmentation: {", ".join(recipe.augment) or "none"},
seed {recipe.seed}.
Ask it by `keras-dl predict FOLDER INPUT...`, measure it by `keras-dl evaluate FOLDER --data DATA`.
Load it by `keras_dl.load(folder)`; {_takes(config)}, outputs as config.json says.
"""


def _takes(config: Config) -> str:
    if len(config.input_shape) != 3:
        return f"inputs are {math.prod(config.input_shape)} numbers"
    height, width, channels = config.input_shape
    colours = "gray" if channels == 1 else "RGB"
    return (
        f"inputs are {colours} pixels 0..255 of pictures scaled to cover {height}x{width} and cropped to their centre"
    )
