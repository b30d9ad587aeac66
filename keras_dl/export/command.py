"""The command `keras-dl export`: a folder with a saved model in another format, complete or not there at all."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from keras_dl import saved_model, storage
from keras_dl.catalogue.describe import describe
from keras_dl.data import load
from keras_dl.data.naming import find_folder
from keras_dl.errors import UsageError, check_place, choose, shown
from keras_dl.export.comparison import compare
from keras_dl.export.contract import write_contract
from keras_dl.export.formats import FORMATS, LITERT_INT8
from keras_dl.lazy import keras, tf
from keras_dl.learning.task import noise
from keras_dl.names import expanded

BATCH = 32
EXAMPLES = 512
"""on which an export is compared with the original, at most"""


@dataclasses.dataclass(frozen=True)
class Export:
    """Write a saved model in the format of another runtime, run it there and compare it with the original."""

    folder: Annotated[str, tyro.conf.Positional]
    """the saved model: its folder, that of a run or a search, or its name in saved_models/"""
    format: Literal["keras", "saved_model", "litert", "onnx", "stablehlo"]
    """Keras's own, TensorFlow's, LiteRT (TFLite), ONNX, or StableHLO for CPU, CUDA, ROCm and TPU"""
    quantize: Literal["int8"] | None = None
    """for litert, how large weights are stored; it still computes with floats"""
    data: str = "digits"
    """where both are compared, on the test split: "digits", a name of tensorflow-datasets, a folder of pictures"""
    data_dir: str | None = None
    """where tensorflow-datasets keeps its data; default TFDS_DATA_DIR, then its own"""
    skip_bad: bool = False
    """leave out pictures that cannot be read"""
    out: str | None = None
    """folder for the export; default exports/<name>-<format>"""

    def __post_init__(self):
        choose("format", self.format, FORMATS)
        if self.quantize is not None and (self.format, self.quantize) != ("litert", "int8"):
            raise UsageError(f"quantize is int8, for the format litert; got {self.quantize} for {self.format}")

    def run(self) -> Path:
        """Do it, print how far the outputs differ, and return the folder of the export.

        Raises `UsageError`, and leaves nothing, if a package is missing, if the folder exists, if the format cannot
        hold the network, or if it gives other outputs; how large weights stored as int8 make those is only told.
        """
        source = saved_model.find(self.folder)
        find_folder(self.data, self.data_dir)
        kind = f"{self.format}-{self.quantize}" if self.quantize else self.format
        place = f"exports/{expanded(self.folder).resolve().name}-{kind}" if self.out is None else self.out
        check_place("out", place)
        out = expanded(place)
        if out.exists():
            raise UsageError(f"{out} exists; delete it, or choose another folder for `out`")
        chosen = LITERT_INT8 if self.quantize else FORMATS[self.format]
        contract = saved_model.read_contract(source)
        config = contract["config"]
        chosen.check(self.format, describe(config).weight_bytes)
        if keras.backend.backend() != "tensorflow":
            raise UsageError(f"export needs KERAS_BACKEND=tensorflow, got {keras.backend.backend()}")
        model = contract["task"].exported(saved_model.load(source))
        for kind, tensors in (("inputs", model.input), ("outputs", model.output)):
            if isinstance(tensors, dict):
                raise UsageError(f"{config.family} has the {kind} {', '.join(tensors)}; export takes one {kind[:-1]}")
        batches, labels = self._examples(model, contract)
        with tf.device("CPU"):  # a GPU may round floats to fewer digits
            before = np.concatenate([model(x, training=False).numpy() for x in batches])
        with storage.replacing_folder(out) as part:
            chosen.write(model, source, part / chosen.file)
            with tf.device("CPU"):
                after = np.concatenate(chosen.run(part / chosen.file, batches))
            threshold = 0.5 if getattr(config, "classifier_activation", None) == "sigmoid" else 0.0
            comparison = compare(before, after, data=shown(self.data), labels=labels, threshold=threshold)
            if not self.quantize:
                comparison.check(self.format)
            write_contract(
                part,
                name=self.format,
                chosen=chosen,
                quantize=self.quantize,
                model=model,
                declared=contract,
                comparison=comparison,
            )
        file = out / chosen.file
        size = sum(path.stat().st_size for path in (file, *file.rglob("*")) if path.is_file())
        print(f"{file}: {size:,} bytes, of {describe(config).weight_bytes:,} bytes of weights")
        print(comparison)
        return out

    def _examples(self, model: keras.Model, contract: dict[str, Any]) -> tuple[list[np.ndarray], np.ndarray | None]:
        """Batches of inputs spread over the test split, and their labels if they are the classes of the network.

        Networks that make pictures get noise.
        """
        config, task, spec = contract["config"], contract["task"], contract["spec"]
        if task.makes_pictures:
            return np.split(noise(range(EXAMPLES), model.inputs[0].shape[1]), EXAMPLES // BATCH), None
        data = load(self.data, data_dir=self.data_dir, skip_bad=self.skip_bad)
        same_classes = task.name == "classification" and list(data.spec.class_names) == contract["class_names"]
        data, shape = task.encoded(config, data, spec if same_classes else None), tuple(model.inputs[0].shape[1:])
        if data.spec.kind == "image" and len(shape) == 3:
            data = task.sized(config, data)
        if data.spec.shape != shape:
            raise UsageError(
                f"{config.family} takes inputs of shape {shape}, {self.data} has {data.spec.shape}; "
                "give other data to compare on"
            )
        chosen = data.test.take(np.linspace(0, len(data.test) - 1, min(EXAMPLES, len(data.test))).astype(int))
        dtype = model.inputs[0].dtype
        batches = [x.numpy().astype(dtype) for x, *_ in chosen.batches(BATCH, task.arrange(model))]
        return batches, chosen.labels if same_classes else None
